/// The reason why a magnet link is refused.
public enum MagnetError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The text is neither a magnet link nor an info-hash.
  case notAMagnet
  /// The link exceeds the maximum length.
  case tooLong(limit: Int)
  /// The value of `xt` or `so` has an invalid `%` escape.
  case badEscape(parameter: String)
  /// There is no `xt` parameter with an info-hash.
  case missingHash
  /// An info-hash has a wrong length or invalid characters.
  case badHash(String)
  /// The link names two different torrents.
  case severalTorrents
  /// The link names a torrent of version 2 only (BEP 52).
  case versionTwoOnly
  /// The selection of files is not a list of numbers and ranges (BEP 53).
  case badSelection(String)

  /// A one-clause description of the defect.
  public var description: String {
    switch self {
    case .notAMagnet: "it is neither a magnet link nor an info-hash"
    case .tooLong(let limit): "the magnet link is longer than \(limit) bytes"
    case .badEscape(let parameter):
      "the parameter \"\(parameter)\" of the magnet link has an invalid % escape"
    case .missingHash: "the magnet link has no info-hash (xt=urn:btih:…)"
    case .badHash(let text):
      "\"\(text)\" is not an info-hash, which has 40 hexadecimal or 32 base32 digits"
    case .severalTorrents: "the magnet link names two different torrents"
    case .versionTwoOnly: "the magnet link names a BitTorrent v2 torrent without a v1 hash"
    case .badSelection(let text):
      "\"\(text)\" is not a file selection such as 0,2,4-6 (parameter \"so\")"
    }
  }
}
