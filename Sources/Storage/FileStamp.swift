/// By what a file is known again without reading it.
struct FileStamp: Equatable, Sendable {
  /// The bytes of a stamp in the state file.
  static let encodedLength = 24

  let inode: UInt64
  /// The length in bytes.
  let size: Int64
  /// The time of the last change, in nanoseconds since 1970.
  let modified: Int64

  init(inode: UInt64, size: Int64, modified: Int64) {
    self.inode = inode
    self.size = size
    self.modified = modified
  }

  init(_ status: FileStatus) {
    self.init(inode: status.inode, size: status.size, modified: status.modified)
  }

  /// Reads a stamp; nil when all bytes are zero, which stands for a file that is not there.
  ///
  /// There must be `encodedLength` bytes.
  init?(_ bytes: ArraySlice<UInt8>) {
    guard bytes.contains(where: { $0 != 0 }) else { return nil }
    func number(_ index: Int) -> UInt64 {
      bytes.dropFirst(index * 8).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
    self.init(
      inode: number(0), size: Int64(bitPattern: number(1)), modified: Int64(bitPattern: number(2)))
  }

  /// Inode, size and time of change, 8 bytes each in network order.
  static func encode(_ stamp: FileStamp?, to bytes: inout [UInt8]) {
    let numbers: [UInt64] = [
      stamp?.inode ?? 0, UInt64(bitPattern: stamp?.size ?? 0),
      UInt64(bitPattern: stamp?.modified ?? 0),
    ]
    for number in numbers {
      withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }
  }
}
