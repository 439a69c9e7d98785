public import Primitives
public import Storage
public import Tracker

/// An event of a run, for the user and for programs that observe it.
public enum DownloadEvent: Sendable {
  /// The metadata is being fetched; sent on progress, at most once a second.
  case fetchingMetadata(MetadataProgress)
  /// The torrent is known and the run starts.
  case started(RunFacts)
  /// Existing data is being hashed: the number of bytes done, and the total.
  case checking(done: Int64, total: Int64)
  /// The check has ended and found this many good bytes.
  case checked(verifiedBytes: Int64)
  /// We accept incoming peers at this port.
  ///
  /// UDP has another one if that number was taken, and none on a host without UDP. If the number was
  /// taken only for IPv4 or only for IPv6, the other port is additional: UDP has both.
  case listening(port: UInt16, datagramPort: UInt16?, isAdditional: Bool = false)
  /// The state of a tracker changed.
  case tracker(TrackerReport)
  /// The state of our part in the DHT changed.
  case dht(DHTReport)
  /// The state of a web seed changed.
  case webSeed(WebSeedReport)
  /// A peer completed the handshake for our torrent; `client` is its self-reported client name.
  case peerConnected(Endpoint, client: String, source: PeerSource)
  /// A connection ended for this reason.
  case peerDisconnected(Endpoint, reason: String)
  /// A piece failed its hash check and will be downloaded again.
  case pieceFailed(PieceIndex, senders: [Endpoint])
  /// All pieces of a file are verified and written; the path is relative to the output folder.
  ///
  /// The event may come half a second late, together with those of other files, so that many small
  /// files cost little. Files that were complete before the run and empty files have no such event.
  case fileCompleted(index: Int, path: String, length: Int64)
  /// A file has another name on disk than in the torrent; sent before anything is written.
  case fileRenamed(NameChange)
  /// A peer was banned for this reason.
  case peerBanned(Endpoint, reason: String)
  /// A snapshot of the run, twice a second and once at the end.
  case progress(ProgressSnapshot)
  /// Every byte is verified and in place.
  case completed
  /// From now on the run only seeds.
  case seeding(SeedingFacts)
}

/// The data that a run seeds, and the goal at which it ends.
public struct SeedingFacts: Sendable, Equatable {
  /// The share ratio at which seeding ends; nil for none.
  public let ratio: Double?
  /// The time after which seeding ends; nil for never.
  public let time: Duration?
  /// The total size of the pieces that are present, in bytes.
  public let verifiedBytes: Int64
  /// The size of the whole torrent, whatever files were selected, in bytes.
  public let totalBytes: Int64
  /// The number of the torrent's pieces that are missing.
  public let missingPieces: Int

  /// A Boolean value indicating whether the run is a partial seed (BEP 21): the torrent has pieces
  /// that are missing and are not fetched.
  public var isPartial: Bool { missingPieces > 0 }
}

/// The facts known when a run starts.
public struct RunFacts: Sendable, Equatable {
  /// The torrent's name, safe to display and to use as a file name.
  public let name: String
  /// The torrent's info-hash.
  public let infoHash: InfoHash
  /// The total size of all files in bytes.
  public let totalLength: Int64
  /// The number of pieces.
  public let pieceCount: Int
  /// The output folder as given.
  public let folder: String
}

/// The summary of a successful run.
public struct DownloadSummary: Sendable {
  /// A Boolean value indicating whether the data was complete beforehand, so that nothing was
  /// written.
  public let alreadyComplete: Bool
  /// The duration of the run.
  public let duration: Duration
  /// The part of the duration spent on seeding.
  public let seedingTime: Duration
  /// The final snapshot.
  public let progress: ProgressSnapshot
  /// The banned peers, in order.
  public let bannedPeers: [Endpoint]
  /// The name on disk of the torrent's file, or of the folder of its files, if it differs from the
  /// torrent's.
  public internal(set) var diskName: FileName?
}
