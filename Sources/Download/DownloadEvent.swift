public import Primitives
public import Tracker

/// Something that happened during a run, for people and programs that watch it.
public enum DownloadEvent: Sendable {
  /// Peers are asked for a torrent's metadata: when that gets further, once a second at most.
  case fetchingMetadata(MetadataProgress)
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
  /// What became of our part in the distributed hash table.
  case dht(DHTReport)
  /// What became of a web seed.
  case webSeed(WebSeedReport)
  /// A peer speaks our protocol and has our torrent; `client` is its own name for itself.
  case peerConnected(Endpoint, client: String, source: PeerSource)
  /// A connection ended, for this reason.
  case peerDisconnected(Endpoint, reason: String)
  /// A piece's hash did not match; it will be fetched again.
  case pieceFailed(PieceIndex, senders: [Endpoint])
  /// The last piece of a file is verified and written; the path begins at the output folder.
  ///
  /// It may come half a second late, together with those of other files, so that many small files
  /// cost little. Files that were complete before the run, and empty ones, have no such event.
  case fileCompleted(index: Int, path: String, length: Int64)
  /// A peer is not spoken to again, for this reason.
  case peerBanned(Endpoint, reason: String)
  /// The state of things, twice a second and once at the end.
  case progress(ProgressSnapshot)
  /// Every byte is verified and in place.
  case completed
  /// The data is served to others, until so much was sent or so long; for ever when both are nil.
  case seeding(ratio: Double?, time: Duration?)
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

/// How a run ended well.
public struct DownloadSummary: Sendable {
  /// Whether everything was there before, so that nothing was written.
  public let alreadyComplete: Bool
  /// How long the run took.
  public let duration: Duration
  /// How much of it was spent on serving complete data.
  public let seedingTime: Duration
  /// Where it stood at the end.
  public let progress: ProgressSnapshot
  /// The peers that were banned, in order.
  public let bannedPeers: [Endpoint]
}
