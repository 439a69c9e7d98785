/// The facts that identify a file without reading it.
struct FileStamp: Equatable, Sendable {
  /// The length of an encoded stamp in the state file, in bytes.
  static let encodedLength = 32

  let inode: UInt64
  /// The length in bytes.
  let size: Int64
  /// The modification time, in nanoseconds since 1970.
  let modified: Int64
  /// The time of creation, in nanoseconds since 1970; 0 if it is unknown.
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

  /// Returns whether both stamps may be of the same file, with any content.
  ///
  /// A file system reuses the inode numbers of removed files, so the times of creation must be
  /// equal if both are known.
  func mayBeSameFile(as other: FileStamp) -> Bool {
    inode == other.inode && (born == 0 || other.born == 0 || born == other.born)
  }

  /// Returns whether both stamps are certainly of the same file, with any content.
  func isSameFile(as other: FileStamp) -> Bool {
    inode == other.inode && born != 0 && born == other.born
  }

  /// Returns whether size and modification time are equal, as after a copy that preserves times.
  func hasSameContentFacts(as other: FileStamp) -> Bool {
    size == other.size && modified == other.modified
  }

  /// Decodes a stamp of `encodedLength` bytes; nil if all of them are zero, which means a missing
  /// file.
  init?(_ bytes: ArraySlice<UInt8>) {
    guard bytes.contains(where: { $0 != 0 }) else { return nil }
    func number(_ index: Int) -> UInt64 {
      bytes.dropFirst(index * 8).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
    self.init(
      inode: number(0), size: Int64(bitPattern: number(1)), modified: Int64(bitPattern: number(2)),
      born: Int64(bitPattern: number(3)))
  }

  /// Appends inode, size, modification time and time of creation, 8 bytes each, big-endian.
  static func encode(_ stamp: FileStamp?, to bytes: inout [UInt8]) {
    let numbers: [UInt64] = [
      stamp?.inode ?? 0, UInt64(bitPattern: stamp?.size ?? 0),
      UInt64(bitPattern: stamp?.modified ?? 0), UInt64(bitPattern: stamp?.born ?? 0),
    ]
    for number in numbers {
      unsafe withUnsafeBytes(of: number.bigEndian) { unsafe bytes.append(contentsOf: $0) }
    }
  }
}
