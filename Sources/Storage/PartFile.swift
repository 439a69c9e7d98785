import Primitives

/// The format of the part file: a header that identifies its torrent, then the strays of an
/// `OutputLayout`.
enum PartFile {
  /// The suffix that makes the part file's name from that of the state file.
  static let suffix = "-part"
  /// The number of bytes before the first stray.
  static let headerLength = 64
  private static let format = "swift-torrent part 1\n"

  /// Returns the header of a torrent's part file.
  static func header(for infoHash: InfoHash) -> [UInt8] {
    let text = Array((format + infoHash.description).utf8)
    return text + [UInt8](repeating: 0, count: headerLength - text.count)
  }
}
