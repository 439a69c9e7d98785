/// How this program names itself.
public enum ClientIdentity {
  /// The version, as `--version` prints it.
  public static let version = "0.1.0"

  /// How our peer ids begin, in the style of BEP 20.
  package static let peerIDPrefix = "-SW0100-"

  /// What peers are told.
  package static let name = "swift-torrent \(version)"

  /// What http servers are told.
  package static let userAgent = "swift-torrent/\(version)"
}
