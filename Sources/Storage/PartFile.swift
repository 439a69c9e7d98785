import Primitives

/// The part file's format: a header that proves whose it is, then the strays of an `OutputLayout`.
enum PartFile {
  /// The part file's name is the state file's with this behind it.
  static let suffix = "-part"
  /// The bytes before the first stray.
  static let headerLength = 64
  private static let format = "swift-torrent part 1\n"

  /// The header of a torrent's part file.
  static func header(for infoHash: InfoHash) -> [UInt8] {
    let text = Array((format + infoHash.description).utf8)
    return text + [UInt8](repeating: 0, count: headerLength - text.count)
  }
}
