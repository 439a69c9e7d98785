public import Primitives
public import Tracker

/// The state of a run at one moment.
public struct ProgressSnapshot: Sendable, Equatable {
  /// The maximum number of stretches in `pieceMap`.
  public static let mapLength = 64

  /// The total size of the selected pieces, in bytes.
  public var totalBytes: Int64 = 0
  /// The number of selected bytes that are verified and written.
  public var verifiedBytes: Int64 = 0
  /// The requested payload received in this run, in bytes, including wasted bytes.
  public var downloadedBytes: Int64 = 0
  /// The payload sent in this run, in bytes.
  public var uploadedBytes: Int64 = 0
  /// The payload received twice, too late or corrupt, in bytes.
  public var wastedBytes: Int64 = 0
  /// The current rate of received payload, in bytes per second.
  public var downloadRate = 0.0
  /// The current rate of sent payload, in bytes per second.
  public var uploadRate = 0.0
  /// The duration of the exchange so far; of a download, up to its last verified byte.
  public var exchangeTime = Duration.zero
  /// The number of connected peers.
  public var connectedPeers = 0
  /// The number of connected peers that are seeds.
  public var seeds = 0
  /// The number of web seeds that deliver data.
  public var webSeeds = 0
  /// The number of known peers, connected or not.
  public var knownPeers = 0
  /// The number of banned peers.
  public var bannedPeers = 0
  /// The sources of peers in a fixed order, without those that found none.
  public var sources: [SourceSummary] = []
  /// The number of nodes in the DHT's routing tables; nil while we take no part.
  public var dhtNodes: Int?
  /// The latest report of each tracker, in the order of their first announces.
  public var trackers: [TrackerReport] = []
  /// The number of selected pieces.
  public var pieceCount = 0
  /// The number of selected pieces that are verified and written.
  public var verifiedPieces = 0
  /// The number of failed hash checks.
  public var failedPieces = 0
  /// The verified share, from 0 to 1, of each of up to `mapLength` equal stretches of the torrent.
  public var pieceMap: [Double] = []
  /// The estimated time to completion at the current rate; nil when no data arrives.
  public var eta: Duration?

  /// Creates the snapshot of a run that has not started.
  public init() {}

  /// The share ratio: the payload sent as a multiple of the verified bytes.
  public var shareRatio: Double {
    verifiedBytes > 0 ? Double(uploadedBytes) / Double(verifiedBytes) : 0
  }

  /// The average rate of received payload over the exchange, in bytes per second.
  public var averageDownloadRate: Double {
    let seconds = exchangeTime.inSeconds
    return seconds > 0 ? Double(downloadedBytes) / seconds : 0
  }
}

/// The contribution of one source of peers to a run.
public struct SourceSummary: Sendable, Equatable {
  /// The source.
  public let source: PeerSource
  /// The number of peers first named by this source.
  ///
  /// For `incoming` it is the number of peers that connected to us, and for `webSeed` the number of
  /// web seeds.
  public let found: Int
  /// The number of them that are connected.
  public let connected: Int
  /// The payload they delivered, in bytes.
  public let downloadedBytes: Int64
}

extension ProgressSnapshot {
  /// Returns the snapshot of a torrent with every selected piece.
  static func complete(_ geometry: PieceGeometry, wanted: Bitfield) -> ProgressSnapshot {
    var progress = ProgressSnapshot()
    progress.totalBytes = geometry.bytes(of: wanted)
    progress.verifiedBytes = progress.totalBytes
    progress.pieceCount = wanted.population
    progress.verifiedPieces = wanted.population
    progress.drawMap(of: wanted)
    return progress
  }

  /// Computes the piece map from the verified pieces.
  mutating func drawMap(of verified: Bitfield) {
    let length = min(Self.mapLength, verified.count)
    pieceMap = (0..<length).map { index in
      let range = verified.count * index / length..<verified.count * (index + 1) / length
      return Double(verified.population(in: range)) / Double(range.count)
    }
  }
}
