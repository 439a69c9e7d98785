import Download
import Metainfo
import Platform
import Primitives

/// `swift-torrent SOURCE…` and `swift-torrent seed SOURCE…`: downloads or seeds torrents.
enum DownloadCommand {
  static func run(_ invocation: Invocation) async throws(CommandFailure) -> ExitStatus {
    let sources = try EachSource.entries(of: invocation)
    if invocation.batch.listsOnly {
      return try await ListCommand.run(sources, invocation)
    }
    let stop = StopSwitch()
    let session = try RunSession(invocation)
    let reporter = try RunReporter(
      invocation.streams, sources: sources.count, stop: stop)
    let run = BatchRun(
      sources: sources, invocation: invocation, reporter: reporter, stop: stop,
      session: session)
    let status =
      await Termination.guarding(stop: stop.stop) { await run.run(until: $0) } ?? .failure
    guard let code = await reporter.outputError else { return status }
    if Console.isBrokenPipe(code) { Console.dieOfBrokenPipe() }
    throw Console.resultFailure(code)
  }
}

/// A run of one or more sources, with a limited number at a time.
struct BatchRun: Sendable {
  let sources: [InputList.Entry]
  let invocation: Invocation
  let reporter: RunReporter
  let stop: StopSwitch
  let session: RunSession

  /// Runs every source to its end, even if others fail.
  ///
  /// - Parameter ending: The way in which the process ends, for the last event.
  /// - Returns: The exit status of the first source that failed, in the order of the command line.
  func run(until ending: Termination.Ending) async -> ExitStatus {
    let start = await RunClock.now
    await reporter.open(sources: sources.count)
    var results = [SourceResult?](repeating: nil, count: sources.count)
    await withTaskGroup(of: (Int, SourceResult).self) { group in
      var next = 0
      for _ in 0..<min(sources.count, invocation.batch.jobs) {
        add(next, to: &group)
        next += 1
      }
      while let (number, result) = await group.next() {
        results[number] = result
        guard next < sources.count else { continue }
        add(next, to: &group)
        next += 1
      }
    }
    if let problem = session.close() { await reporter.note(problem) }
    var totals = RunTotals(
      results.compactMap(\.self), duration: await RunClock.now - start, signal: ending.settle())
    totals.isSeeding = invocation.command == .seed
    await reporter.close(totals)
    return totals.status
  }

  private func add(_ number: Int, to group: inout TaskGroup<(Int, SourceResult)>) {
    group.addTask {
      let run = SourceRun(number: number, entry: sources[number], batch: self)
      return (number, await run.run())
    }
  }
}

/// The run of one source.
struct SourceRun: Sendable {
  let number: Int
  let entry: InputList.Entry
  let batch: BatchRun

  private var reporter: RunReporter { batch.reporter }
  private var isSeeding: Bool { batch.invocation.command == .seed }

  func run() async -> SourceResult {
    guard !batch.stop.isStopped else { return await stopped(name: nil) }
    let loaded = await batch.stop.cancelling { await load() }
    switch loaded {
    case nil: return await stopped(name: nil)
    case .failure(let failure)?: return await failed(failure, name: "\(entry.source)")
    case .success(.torrent(let torrent))?:
      return await transfer(LoadedTorrent(torrent: torrent))
    case .success(.magnet(let text))?: return await search(text)
    }
  }

  private func load() async -> Result<SourceContent, CommandFailure> {
    do throws(CommandFailure) {
      if case .url(let url) = entry.source { try batch.invocation.checkBinding(of: url) }
      return .success(try await SourceLoader.load(entry.source))
    } catch {
      return .failure(error)
    }
  }

  /// Searches for the torrent of a magnet link, then continues as with any other.
  private func search(_ text: String) async -> SourceResult {
    let magnet: MagnetSource
    do throws(CommandFailure) {
      magnet = try MagnetSource(text, batch.invocation)
    } catch {
      return await failed(error, name: text)
    }
    await reporter.search(number, name: magnet.name)
    let result = await magnet.fetch(keepsSwarm: true, session: batch.session, stop: batch.stop) {
      await reporter.show($0, of: number)
    }
    switch result {
    case .failure(.cancelled): return await stopped(name: magnet.name)
    case .failure(let error):
      return await failed(magnet.failure(error, batch.session), name: magnet.name)
    case .success(let found):
      return await transfer(
        LoadedTorrent(torrent: found.torrent, found: found, magnet: magnet))
    }
  }

  private func transfer(_ loaded: LoadedTorrent) async -> SourceResult {
    let torrent = loaded.torrent
    let options: TorrentOptions
    do throws(CommandFailure) {
      options = try self.options(for: loaded)
      try TorrentTarget.save(torrent, batch.invocation)
    } catch {
      await loaded.found?.discard()
      return await failed(error, name: torrent.name)
    }
    await reporter.begin(number, torrent, origin: "\(entry.source)", isSeeding: isSeeding)
    let result = await batch.session.with(options) { options in
      let download =
        loaded.found.map { TorrentDownload(found: $0, options: options) }
        ?? TorrentDownload(torrent: torrent, options: options)
      return await batch.stop.during(download.stop) { await follow(download) }
    }
    switch result {
    case .success(let summary):
      if isSeeding, batch.stop.isStopped { return await stopped(name: torrent.name) }
      let output = CompletedOutput(torrent, options.output, diskName: summary.diskName)
      await reporter.complete(number, summary, output, isSeeding: isSeeding)
      if let failure = await runHook(output) { return await failed(failure, name: torrent.name) }
      return .completed
    case .failure(.cancelled):
      return await stopped(name: torrent.name)
    case .failure(let error):
      let failure = CommandFailure(
        error, session: batch.session.options, output: options.output)
      return await failed(failure, name: torrent.name)
    }
  }

  /// Returns the options for this torrent.
  private func options(for loaded: LoadedTorrent) throws(CommandFailure) -> TorrentOptions {
    let torrent = loaded.torrent
    let invocation = batch.invocation
    var options = invocation.torrent
    if let folder = entry.folder { options.output.folder = folder }
    options.content.selection = try loaded.selection(invocation.selection)
    options.sources = sources(of: loaded)
    let urls = (options.sources.trackers ?? torrent.trackers).flatMap(\.self)
    if urls.contains(where: { OptionText.isURL($0, schemes: ["http", "https"]) }) {
      try invocation.checkBinding(of: "the trackers of \(torrent.name)")
    }
    if !invocation.sources.webSeeds.isEmpty { try invocation.checkBinding(of: "web seeds") }
    return options
  }

  /// Returns the places that the torrent's peers and data come from.
  private func sources(of loaded: LoadedTorrent) -> SourceOptions {
    let torrent = loaded.torrent
    let invocation = batch.invocation
    let ownAddresses = batch.session.options.bindAddresses
    var sources = invocation.torrent.sources
    if let magnet = loaded.magnet { sources.peers = magnet.options.sources.peers }
    sources.trackers = invocation.sources.trackerTiers(torrentTrackers: torrent.trackers)
    if !invocation.sources.webSeeds.isEmpty {
      sources.webSeeds = invocation.sources.webSeeds + torrent.webSeeds
    }
    sources.usesDHT = invocation.dht.isUsed(
      trackers: sources.trackers ?? torrent.trackers,
      webSeeds: sources.webSeeds ?? torrent.webSeeds, peers: sources.peers,
      ownAddresses: ownAddresses)
    // The torrent's own web seeds are left out without an error, because it may not need them.
    if !ownAddresses.isEmpty, !invocation.allowsUnboundHTTP { sources.webSeeds = [] }
    return sources
  }

  /// Runs the download and shows its events, until both have ended.
  private func follow(_ download: TorrentDownload) async -> Result<DownloadSummary, DownloadError> {
    async let ending = result(of: download)
    for await event in download.events { await reporter.show(event, of: number) }
    return await ending
  }

  private func result(
    of download: TorrentDownload
  ) async -> Result<DownloadSummary, DownloadError> {
    do throws(DownloadError) {
      return .success(try await download.run())
    } catch {
      return .failure(error)
    }
  }

  private func runHook(_ output: CompletedOutput) async -> CommandFailure? {
    let command = batch.invocation.batch.onComplete
    guard !command.isEmpty, !batch.stop.isStopped else { return nil }
    let facts = HookFacts(output: output, source: "\(entry.source)")
    return await CompletionHook(command: command, facts: facts).run(batch.stop)
  }

  private func stopped(name: String?) async -> SourceResult {
    await reporter.stop(number, name: name, isSeeding: isSeeding)
    return .stopped
  }

  private func failed(_ failure: CommandFailure, name: String) async -> SourceResult {
    await reporter.fail(number, failure, name: name)
    return .failed(failure)
  }
}
