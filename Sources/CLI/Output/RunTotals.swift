/// The results of all sources of a run, added up.
package struct RunTotals: Sendable {
  /// The exit status, which is that of the first failed source in the order of the command line.
  package var status = ExitStatus.success
  /// The signal that ends the process instead of the exit status.
  package var signal: Int32?
  /// The number of completed sources.
  package var completed = 0
  /// The number of failed sources.
  package var failed = 0
  /// The number of sources that were given up because the run was interrupted.
  package var stopped = 0
  /// The payload received, in bytes.
  package var downloadedBytes: Int64 = 0
  /// The payload sent, in bytes.
  package var uploadedBytes: Int64 = 0
  /// The duration of the run.
  package var duration = Duration.zero
  /// A Boolean value indicating whether the sources were only seeded, perhaps as partial seeds.
  package var isSeeding = false

  /// Creates totals of no sources.
  package init() {}

  /// Adds up the results of the sources.
  ///
  /// - Parameters:
  ///   - results: The results, in the order of the command line.
  ///   - duration: The duration of the run.
  ///   - signal: The signal that the process dies of.
  init(_ results: [SourceResult], duration: Duration, signal: Int32?) {
    self.duration = duration
    self.signal = signal
    for result in results {
      switch result {
      case .completed: completed += 1
      case .failed(let failure):
        failed += 1
        if status == .success { status = failure.status }
      case .stopped: stopped += 1
      }
    }
  }

  /// The status as a shell sees it: 128 plus the number of a signal.
  var shellStatus: Int32 { signal.map { 128 + $0 } ?? status.rawValue }

  /// The last line of a run of several sources.
  package var text: String {
    let all = completed + failed + stopped
    var text = "\(completed) of \(all) torrents \(isSeeding ? "seeded" : "complete")"
    if failed > 0 { text += ", \(failed) failed" }
    if stopped > 0 {
      text +=
        ", \(stopped) "
        + (isSeeding ? "stopped" : "interrupted; run the same command again to resume")
    }
    return text
      + "; \(ByteText.size(downloadedBytes)) downloaded, \(ByteText.size(uploadedBytes)) uploaded"
      + " in \(ByteText.elapsed(duration))"
  }
}

/// The result of one source.
enum SourceResult: Sendable {
  case completed
  case failed(CommandFailure)
  case stopped
}
