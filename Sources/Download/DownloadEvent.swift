public import Primitives
public import Tracker

/// Something that happened during a run, for people and programs that watch it.
public enum DownloadEvent: Sendable {
  /// The torrent is known and the run begins.
  case started(RunFacts)
  /// Data that was there already is being hashed: bytes so far and in all.
  case checking(done: Int64, total: Int64)
  /// The check is over; so many bytes are good.
  case checked(verifiedBytes: Int64)
  /// Peers can reach us at this port.
  case listening(port: UInt16)
  /// What a tracker last said.
  case tracker(TrackerReport)
  /// A peer speaks our protocol and has our torrent; `client` is its own name for itself.
  case peerConnected(Endpoint, client: String)
  /// A connection ended, for this reason.
  case peerDisconnected(Endpoint, reason: String)
  /// A piece's hash did not match; it will be fetched again.
  case pieceFailed(PieceIndex, senders: [Endpoint])
  /// A peer is not spoken to again, for this reason.
  case peerBanned(Endpoint, reason: String)
  /// The state of things, twice a second and once at the end.
  case progress(ProgressSnapshot)
  /// Every byte is verified and in place.
  case completed
}

/// What is known when a run begins.
public struct RunFacts: Sendable, Equatable {
  /// The torrent's name, safe to print and to use as a file name.
  public let name: String
  /// The torrent's identity.
  public let infoHash: InfoHash
  /// The size of all files, in bytes.
  public let totalLength: Int64
  /// The number of pieces.
  public let pieceCount: Int
  /// The output folder as it was given.
  public let folder: String
}

/// Where a run stands.
public struct ProgressSnapshot: Sendable, Equatable {
  /// The size of the torrent, in bytes.
  public var totalBytes: Int64 = 0
  /// Bytes that are verified and written.
  public var verifiedBytes: Int64 = 0
  /// Payload received in this run, in bytes, wasted bytes included.
  public var downloadedBytes: Int64 = 0
  /// Payload sent in this run, in bytes.
  public var uploadedBytes: Int64 = 0
  /// Payload received twice, not asked for, or corrupt, in bytes.
  public var wastedBytes: Int64 = 0
  /// Payload received lately, in bytes per second.
  public var downloadRate = 0.0
  /// Payload sent lately, in bytes per second.
  public var uploadRate = 0.0
  /// Peers connected now.
  public var connectedPeers = 0
  /// Those of them that have everything.
  public var seeds = 0
  /// Peers known, connected or not.
  public var knownPeers = 0
  /// The number of pieces of the torrent.
  public var pieceCount = 0
  /// Those of them that are verified and written.
  public var verifiedPieces = 0
  /// How often a piece's hash did not match.
  public var failedPieces = 0
  /// How long the rest takes at the current rate; nil when nothing comes.
  public var eta: Duration?

  /// A run that has not begun.
  public init() {}
}

/// How a run ended well.
public struct DownloadSummary: Sendable {
  /// Whether everything was there before, so that nothing was written.
  public let alreadyComplete: Bool
  /// How long the run took.
  public let duration: Duration
  /// Where it stood at the end.
  public let progress: ProgressSnapshot
  /// The peers that were banned, in order.
  public let bannedPeers: [Endpoint]
}
