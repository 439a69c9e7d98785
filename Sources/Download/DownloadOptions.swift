public import Primitives

/// How one torrent is downloaded or seeded.
public struct DownloadOptions: Sendable {
  /// The folder that holds the data; nothing is written outside it.
  public var folder = "."
  /// Whether files at the target that are not ours may be changed.
  public var overwrite = false
  /// The port to listen on; 0 lets the system choose a free one.
  public var port: UInt16 = 0
  /// The addresses to listen on; those that the machine lacks are skipped as long as one works.
  public var listenAddresses: [IPAddress] = [.any4, .any6]
  /// Trackers to ask, tier by tier, instead of the torrent's own; empty for none.
  public var trackers: [[String]]?
  /// Peers to dial besides those that trackers name.
  public var peers: [Endpoint] = []
  /// The bound on the memory that pieces take while they come in, in bytes.
  public var memoryLimit = 64 << 20
  /// The number of blocks to keep asked for at each peer; nil lets it follow the peer's speed.
  public var pipeline: Int?
  /// How many peers may be connected at once.
  public var maximumPeers = 1000
  /// Whether to go on serving until `TorrentDownload.stop()`, which takes complete data.
  public var keepSeeding = false

  /// The defaults.
  public init() {}
}
