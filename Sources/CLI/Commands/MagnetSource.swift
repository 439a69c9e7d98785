import Download
import Metainfo
import Primitives

/// A magnet link or an info-hash among the sources.
struct MagnetSource: Sendable {
  let link: MagnetLink
  /// What the search has to go by; a download that follows decides anew.
  private(set) var options: DownloadOptions

  /// Reads the link, and what the command line says about the search for its torrent.
  ///
  /// - Throws: What is wrong with the link, or what it would ask although it may not.
  init(_ text: String, _ invocation: Invocation) throws(CommandFailure) {
    do throws(MagnetError) {
      link = try MagnetLink(text)
    } catch {
      throw CommandFailure(.badMagnet, "\(Self.shortened(text)): \(error)")
    }
    var options = invocation.download
    options.peers += Self.numericPeers(of: link)
    let tiers = link.trackers.map { [$0] }
    options.trackers = invocation.trackerTiers(torrentTrackers: tiers) ?? tiers
    let urls = (options.trackers ?? []).flatMap(\.self)
    if urls.contains(where: { OptionText.isURL($0, schemes: ["http", "https"]) }) {
      try invocation.checkBinding(of: "the trackers of the magnet link")
    }
    options.dht = invocation.dht.options(
      for: options, trackers: options.trackers ?? [],
      webSeeds: invocation.webSeeds + link.webSeeds)
    self.options = options
  }

  /// The peers of a link that need no looking up.
  private static func numericPeers(of link: MagnetLink) -> [Endpoint] {
    link.peers.compactMap { peer in
      IPAddress(peer.host).map { Endpoint(address: $0, port: peer.port) }
    }
  }

  /// What it is called until the torrent is known.
  var name: String { link.name ?? link.infoHash.description }

  /// The beginning of a word that may be long.
  private static func shortened(_ text: String) -> String {
    text.count > 60 ? text.prefix(60) + "…" : text
  }

  /// Searches for the torrent, and shows what happens until both have ended.
  ///
  /// - Parameters:
  ///   - keepsSwarm: Whether a download follows.
  ///   - memory: What is known of the distributed hash table.
  ///   - stop: Ends the search.
  ///   - show: Takes its events.
  ///   - note: Takes what else people should know.
  /// - Returns: The torrent; `.cancelled` when the search was stopped.
  func fetch(
    keepsSwarm: Bool, memory: DHTMemory, stop: StopSwitch, show: (DownloadEvent) async -> Void,
    note: (String) async -> Void
  ) async -> Result<FoundTorrent, DownloadError> {
    var options = options
    options.dht = options.dht.map(memory.lent)
    let fetch = MetadataFetch(link: link, options: options, keepsSwarm: keepsSwarm)
    let result = await stop.during(fetch.stop) {
      async let ending = Self.result(of: fetch)
      for await event in fetch.events { await show(event) }
      return await ending
    }
    if let dht = options.dht, let problem = memory.settle(dht) { await note(problem) }
    return result
  }

  private static func result(
    of fetch: MetadataFetch
  ) async -> Result<FoundTorrent, DownloadError> {
    do throws(DownloadError) {
      return .success(try await fetch.run())
    } catch {
      return .failure(error)
    }
  }

  /// The failure that ends the source.
  func failure(_ error: DownloadError) -> CommandFailure {
    let failure = CommandFailure(error, options: options)
    return CommandFailure(failure.status, "\(name): \(failure.message)", hint: failure.hint)
  }
}

/// A torrent that a source has led to.
struct LoadedTorrent: Sendable {
  let torrent: TorrentMetainfo
  /// The swarm that it came from; nil when it came as a whole.
  var found: FoundTorrent?
  /// The link that led to it, if one did.
  var magnet: MagnetSource?

  /// The files that are wanted: those of the command line, else those of the link (BEP 53).
  func selection(_ options: SelectionOptions) throws(CommandFailure) -> FileSelection {
    guard options.isAll, let ranges = magnet?.link.selectedFiles else {
      return try options.selection(of: torrent)
    }
    let count = torrent.layout.files.count
    if let last = ranges.last?.upperBound, last >= count {
      throw CommandFailure(
        .badMagnet,
        "the magnet link selects file \(last + 1), but \(torrent.name) has only \(count)",
        hint: "choose files with --files or --select")
    }
    return FileSelection(ranges.flatMap { Array($0) })
  }
}

extension SourceLoader {
  /// Gets the torrent of any source for a command that shows it, and does not download it.
  ///
  /// - Throws: What is wrong with it, with the exit status that says so.
  static func load(
    _ source: SourceArgument, _ invocation: Invocation
  ) async throws(CommandFailure) -> LoadedTorrent {
    if case .url(let url) = source { try invocation.checkBinding(of: url) }
    let magnet: MagnetSource
    switch try await load(source) {
    case .torrent(let torrent): return LoadedTorrent(torrent: torrent)
    case .magnet(let text): magnet = try MagnetSource(text, invocation)
    }
    let stop = StopSwitch()
    let memory = try DHTMemory(path: invocation.dht.stateFile)
    let outcome = await Termination.guarding(stop: stop.stop) {
      await search(magnet, memory, stop, invocation.streams)
    }
    switch outcome ?? .failure(.cancelled) {
    case .failure(let error): throw magnet.failure(error)
    case .success(let found):
      return LoadedTorrent(torrent: found.torrent, magnet: magnet)
    }
  }

  private static func search(
    _ magnet: MagnetSource, _ memory: DHTMemory, _ stop: StopSwitch, _ streams: StreamOptions
  ) async -> Result<FoundTorrent, DownloadError> {
    var display = ProgressDisplay(streams)
    display.begin(0, name: magnet.name, isSeeding: false)
    defer { display.close() }
    return await magnet.fetch(keepsSwarm: false, memory: memory, stop: stop) {
      display.show($0, of: 0)
    } note: {
      Console.message($0)
    }
  }
}
