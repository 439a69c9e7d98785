public import Primitives

/// The places that a torrent's peers and data come from.
///
/// A private torrent (BEP 27) uses its trackers, the given peers and web seeds, and nothing else,
/// whatever the options say.
public struct SourceOptions: Sendable {
  /// The trackers to use, tier by tier, instead of the torrent's own; empty for none.
  public var trackers: [[String]]?
  /// A Boolean value indicating whether to announce to all trackers, not only the first that works.
  public var announcesToAllTrackers = false
  /// The web seeds to use instead of the torrent's own; empty for none.
  public var webSeeds: [String]?
  /// Peers to dial in addition to those found.
  public var peers: [Endpoint] = []
  /// A Boolean value indicating whether to exchange peers with peers (BEP 11).
  public var exchangesPeers = true
  /// A Boolean value indicating whether to use the distributed hash table, if the process takes
  /// part in it.
  public var usesDHT = true
  /// A Boolean value indicating whether to find peers on the local network (BEP 14).
  public var usesLocalDiscovery = false

  /// Creates the default options.
  public init() {}
}
