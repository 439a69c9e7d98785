import Download
import Metainfo

/// Everything that a run of one or more sources says: progress and messages on standard error, events
/// on standard output, and the log.
///
/// An actor, because sources run side by side. Whoever tells it something waits until it is written:
/// a reader that is slow makes the engine drop old events, but nothing piles up here.
actor RunReporter {
  private let streams: StreamOptions
  private let isForSeveral: Bool
  private let log: LogFile?
  private let onBrokenOutput: @Sendable () -> Void
  private var display: ProgressDisplay
  /// Payload received and sent for each source so far, whatever becomes of it.
  private var moved: [Int: (received: Int64, sent: Int64)] = [:]
  private var logNarratives: [Int: (name: String, narrative: DownloadNarrative)] = [:]
  /// The `errno` of the first event that could not be written; nothing is written after it.
  private(set) var outputError: Int32?

  /// Prepares the streams.
  ///
  /// - Parameters:
  ///   - streams: What is said where.
  ///   - sources: How many sources there are.
  ///   - onBrokenOutput: What to do when nobody can be told events any more.
  /// - Throws: Why the log cannot be written.
  init(
    _ streams: StreamOptions, sources: Int, onBrokenOutput: @escaping @Sendable () -> Void
  ) throws(CommandFailure) {
    self.streams = streams
    self.onBrokenOutput = onBrokenOutput
    isForSeveral = sources > 1
    if let path = streams.logFile { log = try LogFile(path: path) } else { log = nil }
    display = ProgressDisplay(streams, isForSeveral: sources > 1)
  }

  /// Writes the first event.
  func open(sources: Int) {
    write(EventJSON.run(sources: sources))
    log?.append(
      "swift-torrent \(CommandLineTool.version): \(sources == 1 ? "1 source" : "\(sources) sources")"
    )
  }

  /// A source is a magnet link, and its torrent is searched for.
  func search(_ number: Int, name: String) {
    display.begin(number, name: name, isSeeding: false)
    if log != nil { logNarratives[number] = (name, DownloadNarrative(verbosity: .verbose)) }
  }

  /// A source's torrent is known and its run begins.
  func begin(_ number: Int, _ torrent: TorrentMetainfo, origin: String, isSeeding: Bool) {
    write(EventJSON.metadata(torrent, origin: origin, source: number))
    display.begin(number, name: torrent.name, isSeeding: isSeeding)
    if log != nil {
      logNarratives[number] = (
        torrent.name, DownloadNarrative(verbosity: .verbose, isSeeding: isSeeding)
      )
    }
  }

  /// Something happened in a source's run.
  func show(_ event: DownloadEvent, of number: Int) {
    if case .progress(let progress) = event {
      moved[number] = (progress.downloadedBytes, progress.uploadedBytes)
    }
    if streams.json, let value = EventJSON.event(event, source: number) { write(value) }
    display.show(event, of: number)
    if let line = logNarratives[number]?.narrative.line(event) { tellLog(line, of: number) }
  }

  /// Something about a source is worth a line, though nobody fails for it.
  func note(_ line: String, of number: Int) {
    display.note(line)
    tellLog(line, of: number)
  }

  /// A source is done, or was served until we were stopped.
  func complete(
    _ number: Int, _ summary: DownloadSummary, _ output: CompletedOutput, isSeeding: Bool
  ) {
    write(EventJSON.completed(summary, output, source: number))
    let words = DownloadNarrative(verbosity: .verbose).summary(summary, name: output.name)
    if let words { tellLog(words, of: number) }
    display.end(number, isSeeding || streams.verbosity == .quiet ? nil : words)
  }

  /// A source was given up because the run was interrupted.
  func stop(_ number: Int, name: String?, isSeeding: Bool) {
    write(EventJSON.stopped(source: number))
    guard let name else { return }
    let words = isSeeding ? "stopped" : "interrupted; run the same command again to resume"
    tellLog(words, of: number)
    display.end(
      number, streams.verbosity == .quiet ? nil : "\(TerminalText.cleaned(name)): \(words)")
  }

  /// A source has failed.
  func fail(_ number: Int, _ failure: CommandFailure, name: String?) {
    write(EventJSON.failed(failure, source: number))
    display.end(number, nil)
    let named = isForSeveral ? failure.prefixed(with: name) : failure
    log?.append("error: \(named.message)")
    display.fail(named)
  }

  /// Writes the last event and the line about all sources, and leaves the terminal as it was.
  func close(_ totals: RunTotals) {
    var totals = totals
    if outputError != nil { totals.status = .inputOutputFailure }
    totals.downloadedBytes = moved.values.reduce(0) { $0 + $1.received }
    totals.uploadedBytes = moved.values.reduce(0) { $0 + $1.sent }
    write(EventJSON.summary(totals))
    display.close()
    log?.append(totals.text)
    if isForSeveral { display.note(totals.text) }
  }

  private func tellLog(_ line: String, of number: Int) {
    guard let name = logNarratives[number]?.name else { return }
    log?.append(line.hasPrefix(name) ? line : "\(name): \(line)")
  }

  private func write(_ value: JSONValue) {
    guard streams.json, outputError == nil else { return }
    if let code = Console.resultLine(value.text) {
      outputError = code
      onBrokenOutput()
    }
  }
}
