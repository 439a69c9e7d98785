/// The settings of a small tracker.
///
/// The defaults suit smoke tests and small private swarms. Peers announce often, so one that
/// vanishes without `stopped` is forgotten after two minutes. For a public swarm, set the interval
/// to 1800 seconds.
public struct TrackerServerOptions: Sendable {
  /// The interval between announces; a peer that is silent for twice as long is forgotten.
  public var interval = Duration.seconds(60)
  /// The minimum interval between announces.
  public var minimumInterval = Duration.seconds(5)
  /// The maximum number of torrents.
  public var maximumTorrents = 10_000
  /// The maximum number of peers stored for one torrent.
  public var maximumPeersPerTorrent = 2_000
  /// The maximum number of peers in one reply.
  public var maximumPeersPerReply = 200
  /// The maximum number of open connections; further ones are closed at once.
  public var maximumConnections = 1_000
  /// The time limit for receiving one request, and for sending one reply.
  public var timeout = Duration.seconds(10)
  /// A Boolean value indicating whether a peer on this machine may name another address with `ip=`.
  public var honoursGivenAddress = false

  /// Creates the default settings.
  public init() {}
}
