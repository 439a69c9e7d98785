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
  private var files: FileProgress?
  /// The number of leading components that the paths on disk lack.
  private var hiddenComponents = 0
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
    hiddenComponents = options.output.isFlat && torrent.isMultiFile ? 1 : 0
    total = .complete(torrent.geometry, wanted: output.storage.wanted)
    lacking = output.lacking
  }

  /// The events of the selected files without a byte, which no piece completes.
  var emptyFiles: [DownloadEvent] { (files?.empty ?? []).map(completed) }

  /// Records a verified piece; returns the events of the files that it completes.
  mutating func verified(_ piece: PieceIndex) -> [DownloadEvent] {
    (files?.verified(piece) ?? []).map(completed)
  }

  private func completed(_ file: TorrentFile) -> DownloadEvent {
    let path =
      hiddenComponents == 0 ? file.displayPath : file.path.dropFirst(hiddenComponents).pathText
    return .fileCompleted(index: file.index, path: path, length: file.length)
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

  /// Returns the snapshot of a run that has every wanted piece; the swarm subtracts the missing
  /// ones.
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
