/// What became of all sources of a run together.
package struct RunTotals: Sendable {
  /// The exit status: that of the first source that failed, in the order of the command line.
  package var status = ExitStatus.success
  /// The signal that ends the process in place of that status.
  package var signal: Int32?
  /// How many sources are done.
  package var completed = 0
  /// How many have failed.
  package var failed = 0
  /// How many were given up because the run was interrupted.
  package var stopped = 0
  /// Payload received, in bytes.
  package var downloadedBytes: Int64 = 0
  /// Payload sent, in bytes.
  package var uploadedBytes: Int64 = 0
  /// How long it took.
  package var duration = Duration.zero
  /// Whether the sources were only seeded, perhaps as partial seeds.
  package var isSeeding = false

  /// Nothing has become of anything yet.
  package init() {}

  /// Counts what became of the sources, which are in the order of the command line.
  ///
  /// - Parameters:
  ///   - results: What became of them.
  ///   - duration: How long it took.
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

  /// The status that a shell sees: 128 and its number for a signal.
  var shellStatus: Int32 { signal.map { 128 + $0 } ?? status.rawValue }

  /// The line that ends a run of several sources.
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

/// What became of one source.
enum SourceResult: Sendable {
  case completed
  case failed(CommandFailure)
  case stopped
}
