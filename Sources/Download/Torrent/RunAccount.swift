import Metainfo
import Primitives
import Storage
import Tracker

/// The facts that a run keeps in order to tell them.
struct RunAccount {
  /// The time at which the exchange began.
  var began = Instant.zero
  /// The time at which the last piece was verified.
  var completedAt: Instant?
  /// The number of failed hash checks.
  var failedPieces = 0
  /// The total length of the failed pieces, in bytes.
  var corruptBytes: Int64 = 0
  /// The files that verified pieces complete.
  var files: FileProgress?
  /// The length that a magnet link claims, in bytes.
  var claimedLength: Int64?
  /// The latest report of each tracker, bounded by the number of trackers in use.
  private(set) var trackers: [TrackerReport] = []
  private(set) var hasTrackerAnswered = false
  /// The snapshot of a run that has everything it wants.
  private var total = ProgressSnapshot()
  /// The pieces that a partial seed lacks and does not fetch.
  private var lacking: (pieces: Int, bytes: Int64) = (0, 0)

  /// Begins the exchange of a torrent's pieces.
  mutating func begin(
    _ torrent: TorrentMetainfo, _ options: TorrentOptions, _ output: PreparedOutput, now: Instant
  ) {
    began = now
    files = FileProgress(
      layout: torrent.layout, selection: options.content.selection, verified: output.verified)
    total = .complete(torrent.geometry, wanted: output.storage.wanted)
    lacking = output.lacking
  }

  /// Takes in the report of a tracker.
  mutating func note(_ report: TrackerReport) {
    if case .working = report.state { hasTrackerAnswered = true }
    if let index = trackers.firstIndex(where: { $0.url == report.url }) {
      // A new announce does not replace the last result until it is answered.
      if report.state != .announcing { trackers[index] = report }
    } else {
      trackers.append(report)
    }
  }

  /// Returns the snapshot of a run that lacks nothing but what a partial seed lacks.
  func snapshot(now: Instant) -> ProgressSnapshot {
    var progress = ProgressSnapshot()
    progress.totalBytes = total.totalBytes
    progress.verifiedBytes = total.totalBytes - lacking.bytes
    progress.wastedBytes = corruptBytes
    progress.exchangeTime = (completedAt ?? now) - began
    progress.pieceCount = total.pieceCount
    progress.verifiedPieces = total.pieceCount - lacking.pieces
    progress.failedPieces = failedPieces
    progress.trackers = trackers
    return progress
  }
}
