import Download
import Metainfo
import Primitives
import Synchronization

/// The run of one source.
struct SourceRun: Sendable {
  let number: Int
  let entry: InputList.Entry
  let batch: BatchRun
  let session: Session

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

  /// Runs a torrent that is known.
  private func transfer(_ loaded: LoadedTorrent) async -> SourceResult {
    let options: TorrentOptions
    switch await choose(loaded) {
    case .failure(let failure): return await failed(failure, name: loaded.torrent.name)
    case .success(let chosen): options = chosen
    }
    let download = session.add(.torrent(loaded.torrent), options: options)
    return await finish(await follow(download), loaded.torrent, options)
  }

  /// Searches for the torrent of a magnet link, and goes on with it in the same connections.
  private func search(_ text: String) async -> SourceResult {
    let magnet: MagnetSource
    do throws(CommandFailure) {
      magnet = try MagnetSource(text, batch.invocation)
    } catch {
      return await failed(error, name: text)
    }
    await reporter.search(number, name: magnet.name)
    let found = FoundTorrent()
    let download = session.add(.magnet(magnet.link), options: magnet.options)
    let result = await follow(download) { torrent in
      let choice = await choose(LoadedTorrent(torrent: torrent, magnet: magnet))
      found.choose(torrent, choice)
      return if case .success(let options) = choice { options } else { nil }
    }
    switch (found.choice, result) {
    case ((let torrent, .success(let options))?, _):
      return await finish(result, torrent, options)
    case ((let torrent, .failure(let failure))?, _):
      return await failed(failure, name: torrent.name)
    case (nil, .failure(.cancelled)): return await stopped(name: magnet.name)
    case (nil, .failure(let error)):
      return await failed(magnet.failure(error, batch.session), name: magnet.name)
    case (nil, .success): return .completed
    }
  }

  /// Chooses the options for a torrent, saves it if that is wanted, and begins its display.
  private func choose(_ loaded: LoadedTorrent) async -> Result<TorrentOptions, CommandFailure> {
    do throws(CommandFailure) {
      let options = try self.options(for: loaded)
      try TorrentTarget.save(loaded.torrent, batch.invocation)
      await reporter.begin(
        number, loaded.torrent, origin: "\(entry.source)", isSeeding: isSeeding)
      return .success(options)
    } catch {
      return .failure(error)
    }
  }

  private func finish(
    _ result: Result<DownloadSummary, DownloadError>, _ torrent: TorrentMetainfo,
    _ options: TorrentOptions
  ) async -> SourceResult {
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
  private func follow(
    _ download: Torrent,
    choosing choose: @escaping @Sendable (TorrentMetainfo) async -> TorrentOptions? = { _ in nil }
  ) async -> Result<DownloadSummary, DownloadError> {
    await batch.stop.during(download.stop) {
      let events = download.events
      async let ending = result(of: download, choosing: choose)
      for await event in events { await reporter.show(event, of: number) }
      return await ending
    }
  }

  private func result(
    of download: Torrent,
    choosing choose: @escaping @Sendable (TorrentMetainfo) async -> TorrentOptions?
  ) async -> Result<DownloadSummary, DownloadError> {
    do throws(DownloadError) {
      return .success(try await download.run(choosing: choose))
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

/// The torrent of a magnet link, and the options that were chosen for it.
private final class FoundTorrent: Sendable {
  private let state = Mutex<(TorrentMetainfo, Result<TorrentOptions, CommandFailure>)?>(nil)

  var choice: (TorrentMetainfo, Result<TorrentOptions, CommandFailure>)? {
    state.withLock { $0 }
  }

  func choose(_ torrent: TorrentMetainfo, _ options: Result<TorrentOptions, CommandFailure>) {
    state.withLock { $0 = (torrent, options) }
  }
}
