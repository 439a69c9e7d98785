/// The facts by which a file is known again without reading it.
struct FileStamp: Equatable, Sendable {
  /// The bytes of a stamp in the state file.
  static let encodedLength = 32

  let inode: UInt64
  /// The length in bytes.
  let size: Int64
  /// The time of the last change, in nanoseconds since 1970.
  let modified: Int64
  /// The time at which the file was made, in nanoseconds since 1970; 0 where it is unknown.
  let born: Int64

  init(inode: UInt64, size: Int64, modified: Int64, born: Int64) {
    self.inode = inode
    self.size = size
    self.modified = modified
    self.born = born
  }

  init(_ status: FileStatus) {
    self.init(
      inode: status.inode, size: status.size, modified: status.modified, born: status.born)
  }

  /// Whether both stamps can be of one file, whatever its content was at either time.
  ///
  /// A file system gives the number of a file that is gone to the next one, so where the time of birth
  /// is known, it must be the same too.
  func mayBeSameFile(as other: FileStamp) -> Bool {
    inode == other.inode && (born == 0 || other.born == 0 || born == other.born)
  }

  /// Whether both stamps are certainly of one file, whatever its content was at either time.
  func isSameFile(as other: FileStamp) -> Bool {
    inode == other.inode && born != 0 && born == other.born
  }

  /// Whether size and time of change are the same, as in a copy that keeps times.
  func hasSameContentFacts(as other: FileStamp) -> Bool {
    size == other.size && modified == other.modified
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
      inode: number(0), size: Int64(bitPattern: number(1)), modified: Int64(bitPattern: number(2)),
      born: Int64(bitPattern: number(3)))
  }

  /// Appends inode, size, time of change and time of birth, 8 bytes each, big-endian.
  static func encode(_ stamp: FileStamp?, to bytes: inout [UInt8]) {
    let numbers: [UInt64] = [
      stamp?.inode ?? 0, UInt64(bitPattern: stamp?.size ?? 0),
      UInt64(bitPattern: stamp?.modified ?? 0), UInt64(bitPattern: stamp?.born ?? 0),
    ]
    for number in numbers {
      withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }
  }
}
