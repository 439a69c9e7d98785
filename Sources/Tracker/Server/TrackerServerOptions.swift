/// How a small tracker behaves.
///
/// The defaults suit smoke tests and small private swarms: peers come back often, so one that
/// vanishes without a word is forgotten after two minutes. For a public swarm set the interval to
/// 1800 seconds.
public struct TrackerServerOptions: Sendable {
  /// When peers are asked to come back; one that does not is forgotten after twice that time.
  public var interval = Duration.seconds(60)
  /// How soon peers may come back.
  public var minimumInterval = Duration.seconds(5)
  /// The largest number of torrents.
  public var maximumTorrents = 10_000
  /// The largest number of peers that are remembered for one torrent.
  public var maximumPeersPerTorrent = 2_000
  /// The largest number of peers in one reply.
  public var maximumPeersPerReply = 200
  /// The largest number of open connections; further ones are closed at once.
  public var maximumConnections = 1_000
  /// The bound on receiving one request, and on sending one reply.
  public var timeout = Duration.seconds(10)
  /// Whether a peer on this machine may name another address with `ip=`.
  public var honoursGivenAddress = false

  /// The defaults.
  public init() {}
}
