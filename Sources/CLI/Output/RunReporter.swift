import Download
import Metainfo

/// The output of a run of one or more sources: progress and messages on standard error, events on
/// standard output, and the log.
///
/// It is an actor because sources run concurrently. Callers wait until their message is written.
/// With a slow reader, the engine therefore drops old events, but nothing accumulates here.
actor RunReporter {
  private let streams: StreamOptions
  private let isForSeveral: Bool
  private let log: LogFile?
  private let stop: StopSwitch
  private var display: ProgressDisplay
  /// The payload received and sent for each source so far, including sources that fail.
  private var moved: [Int: (received: Int64, sent: Int64)] = [:]
  private var logNarratives: [Int: (name: String, narrative: DownloadNarrative)] = [:]
  /// The `errno` of the first event that could not be written; no event is written after it.
  private(set) var outputError: Int32?

  /// Opens the streams.
  ///
  /// - Parameters:
  ///   - streams: The options for messages and output.
  ///   - sources: The number of sources.
  ///   - stop: The switch that ends the run when events can no longer be written.
  /// - Throws: The failure if the log cannot be opened.
  init(
    _ streams: StreamOptions, sources: Int, stop: StopSwitch
  ) throws(CommandFailure) {
    self.streams = streams
    self.stop = stop
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

  /// Begins the search for the torrent of a source that is a magnet link.
  func search(_ number: Int, name: String) {
    display.begin(number, name: name, isSeeding: false)
    if log != nil { logNarratives[number] = (name, DownloadNarrative(verbosity: .verbose)) }
  }

  /// Begins the run of a source whose torrent is known.
  func begin(_ number: Int, _ torrent: TorrentMetainfo, origin: String, isSeeding: Bool) {
    write(EventJSON.metadata(torrent, origin: origin, source: number))
    display.begin(number, name: torrent.name, isSeeding: isSeeding)
    if log != nil {
      logNarratives[number] = (
        torrent.name, DownloadNarrative(verbosity: .verbose, isSeeding: isSeeding)
      )
    }
  }

  /// Shows an event of a source's run.
  func show(_ event: DownloadEvent, of number: Int) {
    if case .progress(let progress) = event {
      moved[number] = (progress.downloadedBytes, progress.uploadedBytes)
    }
    if streams.json, let value = EventJSON.event(event, source: number) { write(value) }
    display.show(event, of: number)
    if let line = logNarratives[number]?.narrative.line(event) { tellLog(line, of: number) }
  }

  /// Shows a line about the run that is not a failure.
  func note(_ line: String) {
    display.note(line)
    log?.append(line)
  }

  /// Ends a source that is complete, or that was seeded until its goal.
  func complete(
    _ number: Int, _ summary: DownloadSummary, _ output: CompletedOutput, isSeeding: Bool
  ) {
    write(EventJSON.completed(summary, output, source: number))
    let words = DownloadNarrative(verbosity: .verbose).summary(summary, name: output.name)
    if let words { tellLog(words, of: number) }
    display.end(number, isSeeding || streams.verbosity == .quiet ? nil : words)
  }

  /// Ends a source that was given up because the run was interrupted.
  func stop(_ number: Int, name: String?, isSeeding: Bool) {
    write(EventJSON.stopped(source: number))
    guard let name else { return }
    let words = isSeeding ? "stopped" : "interrupted; run the same command again to resume"
    tellLog(words, of: number)
    display.end(
      number, streams.verbosity == .quiet ? nil : "\(TerminalText.cleaned(name)): \(words)")
  }

  /// Ends a source that has failed.
  func fail(_ number: Int, _ failure: CommandFailure, name: String?) {
    write(EventJSON.failed(failure, source: number))
    display.end(number, nil)
    let named = isForSeveral ? failure.prefixed(with: name) : failure
    log?.append("error: \(named.message)")
    display.fail(named)
  }

  /// Writes the last event and the summary of several sources, and restores the terminal.
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
      stop.stop()
    }
  }
}
