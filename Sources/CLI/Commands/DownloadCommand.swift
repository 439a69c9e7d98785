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
    if sources.count > 1, invocation.batch.jobs > 1, invocation.session.port != 0 {
      throw UsageError.portForSeveral.failure(for: invocation.command)
    }
    let stop = StopSwitch()
    let dht = try DHTMemory(path: invocation.dht.stateFile)
    let reporter = try RunReporter(
      invocation.streams, sources: sources.count, onBrokenOutput: { stop.stop() })
    let run = BatchRun(
      sources: sources, invocation: invocation, reporter: reporter, stop: stop, dht: dht)
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
  let dht: DHTMemory

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
    let result = await magnet.fetch(keepsSwarm: true, memory: batch.dht, stop: batch.stop) {
      await reporter.show($0, of: number)
    } note: {
      await reporter.note($0, of: number)
    }
    switch result {
    case .failure(.cancelled): return await stopped(name: magnet.name)
    case .failure(let error): return await failed(magnet.failure(error), name: magnet.name)
    case .success(let found):
      return await transfer(
        LoadedTorrent(torrent: found.torrent, found: found, magnet: magnet))
    }
  }

  private func transfer(_ loaded: LoadedTorrent) async -> SourceResult {
    let torrent = loaded.torrent
    let own: TorrentOptions
    do throws(CommandFailure) {
      own = try options(for: loaded)
      try TorrentTarget.save(torrent, batch.invocation)
    } catch {
      await loaded.found?.discard()
      return await failed(error, name: torrent.name)
    }
    let options = DownloadOptions(
      session: batch.dht.lent(batch.invocation.session, to: own), torrent: own)
    await reporter.begin(number, torrent, origin: "\(entry.source)", isSeeding: isSeeding)
    let download =
      loaded.found.map { TorrentDownload(found: $0, options: options) }
      ?? TorrentDownload(torrent: torrent, options: options)
    let result = await batch.stop.during(download.stop) { await follow(download) }
    if let problem = batch.dht.settle(options.session) {
      await reporter.note(problem, of: number)
    }
    switch result {
    case .success(let summary):
      if isSeeding, batch.stop.isStopped { return await stopped(name: torrent.name) }
      let output = CompletedOutput(torrent, own.output, diskName: summary.diskName)
      await reporter.complete(number, summary, output, isSeeding: isSeeding)
      if let failure = await runHook(output) { return await failed(failure, name: torrent.name) }
      return .completed
    case .failure(.cancelled):
      return await stopped(name: torrent.name)
    case .failure(let error):
      return await failed(CommandFailure(error, options: options), name: torrent.name)
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
    if !invocation.webSeeds.isEmpty { try invocation.checkBinding(of: "web seeds") }
    return options
  }

  /// Returns the places that the torrent's peers and data come from.
  private func sources(of loaded: LoadedTorrent) -> SourceOptions {
    let torrent = loaded.torrent
    let invocation = batch.invocation
    let ownAddresses = invocation.session.bindAddresses
    var sources = invocation.torrent.sources
    if let magnet = loaded.magnet { sources.peers = magnet.options.sources.peers }
    sources.trackers = invocation.trackerTiers(torrentTrackers: torrent.trackers)
    if !invocation.webSeeds.isEmpty { sources.webSeeds = invocation.webSeeds + torrent.webSeeds }
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
