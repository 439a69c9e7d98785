/// The names of this program in its messages to others.
public enum ClientIdentity {
  /// The version, as `--version` prints it.
  public static let version = "0.1.0"

  /// The beginning of our peer ids, in the style of BEP 20.
  package static let peerIDPrefix = "-SW0100-"

  /// The name and version in the extension handshake.
  package static let name = "swift-torrent \(version)"

  /// The name and version in requests to http servers.
  package static let userAgent = "swift-torrent/\(version)"
}
