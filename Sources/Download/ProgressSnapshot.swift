public import Primitives
public import Tracker

/// Where a run stands.
public struct ProgressSnapshot: Sendable, Equatable {
  /// How many stretches `pieceMap` has at most.
  public static let mapLength = 64

  /// The size of all pieces that are wanted, in bytes.
  public var totalBytes: Int64 = 0
  /// Bytes of them that are verified and written.
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
  /// How long the exchange has taken so far; for a download, up to its last verified byte.
  public var exchangeTime = Duration.zero
  /// Peers connected now.
  public var connectedPeers = 0
  /// Those of them that have everything.
  public var seeds = 0
  /// Web seeds that bring data now.
  public var webSeeds = 0
  /// Peers known, connected or not.
  public var knownPeers = 0
  /// Peers that are not spoken to again.
  public var bannedPeers = 0
  /// Where peers came from, in a fixed order; sources of which nothing came are left out.
  public var sources: [SourceSummary] = []
  /// Nodes of the distributed hash table that answer us; nil while we take no part in it.
  public var dhtNodes: Int?
  /// What each tracker last said, in the order in which they were asked first.
  public var trackers: [TrackerReport] = []
  /// The number of pieces that are wanted.
  public var pieceCount = 0
  /// Those of them that are verified and written.
  public var verifiedPieces = 0
  /// How often a piece's hash did not match.
  public var failedPieces = 0
  /// The torrent cut into stretches of equally many pieces: the verified share of each, from 0 to 1.
  public var pieceMap: [Double] = []
  /// How long the rest takes at the current rate; nil when nothing comes.
  public var eta: Duration?

  /// A run that has not begun.
  public init() {}

  /// What was sent in this run, as a multiple of the torrent's size.
  public var shareRatio: Double {
    totalBytes > 0 ? Double(uploadedBytes) / Double(totalBytes) : 0
  }

  /// Payload received per second of the exchange, in bytes.
  public var averageDownloadRate: Double {
    let seconds = exchangeTime.inSeconds
    return seconds > 0 ? Double(downloadedBytes) / seconds : 0
  }
}

/// What one source of peers has meant to a run.
public struct SourceSummary: Sendable, Equatable {
  /// The source.
  public let source: PeerSource
  /// How many peers it named that nobody had named before; for `incoming`, how many have come; for
  /// `webSeed`, how many web seeds there are.
  public let found: Int
  /// How many of them are connected now.
  public let connected: Int
  /// The payload that they brought, in bytes.
  public let downloadedBytes: Int64
}

extension ProgressSnapshot {
  /// The state of a torrent of which every wanted piece is there.
  static func complete(_ geometry: PieceGeometry, wanted: Bitfield) -> ProgressSnapshot {
    var progress = ProgressSnapshot()
    progress.totalBytes = geometry.bytes(of: wanted)
    progress.verifiedBytes = progress.totalBytes
    progress.pieceCount = wanted.population
    progress.verifiedPieces = wanted.population
    progress.drawMap(of: wanted)
    return progress
  }

  /// Sets the map by the pieces that are verified.
  mutating func drawMap(of verified: Bitfield) {
    let length = min(Self.mapLength, verified.count)
    pieceMap = (0..<length).map { index in
      let range = verified.count * index / length..<verified.count * (index + 1) / length
      return Double(verified.population(in: range)) / Double(range.count)
    }
  }
}
