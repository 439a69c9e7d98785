public import Primitives

/// The options that all torrents of a process share: addresses, and budgets.
public struct SessionOptions: Sendable {
  /// The port to listen on; with 0 the system chooses a free one.
  public var port: UInt16 = 0
  /// The addresses to listen on; unavailable ones are skipped as long as one works.
  public var listenAddresses: [IPAddress] = [.any4, .any6]
  /// The local addresses for all peer connections, in both directions, at most one of each family;
  /// they override `listenAddresses`.
  ///
  /// Peers of a family without an address cannot be reached. If the list is empty, the system
  /// chooses.
  public var bindAddresses: [IPAddress] = []
  /// A Boolean value indicating whether the rules of `URLPolicy` for local addresses are off.
  ///
  /// Trackers may then use any path there, web seeds a query, and public servers may redirect
  /// there.
  public var allowsLocalURLs = false
  /// The options for the distributed hash table; nil to stay out of it.
  public var dht: DHTOptions?
  /// The memory limit for pieces in progress, in bytes.
  public var memoryLimit = 64 << 20
  /// The maximum number of connected peers.
  public var maximumPeers = 1000
  /// The limit on bytes read from peers, including small messages; nil for none.
  public var downloadLimiter: RateLimiter?
  /// The limit on payload sent to peers; nil for none.
  public var uploadLimiter: RateLimiter?

  /// Creates the default options.
  public init() {}

  /// The addresses to listen on, after `bindAddresses` is taken into account.
  var ownAddresses: [IPAddress] { bindAddresses.isEmpty ? listenAddresses : bindAddresses }
}
