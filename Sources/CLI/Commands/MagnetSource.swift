import Download
import Metainfo
import Primitives

/// A source that is a magnet link or an info-hash.
struct MagnetSource: Sendable {
  let link: MagnetLink
  /// The options of the search; a following download has options of its own.
  private(set) var options: TorrentOptions
  /// The options that all torrents of the run share.
  private let session: SessionOptions

  /// Parses the link, and derives the options of the search from the command line.
  ///
  /// - Throws: The failure if the link is invalid, or if the search would need http(s) requests
  ///   that are not allowed.
  init(_ text: String, _ invocation: Invocation) throws(CommandFailure) {
    do throws(MagnetError) {
      link = try MagnetLink(text)
    } catch {
      throw CommandFailure(.badMagnet, "\(Self.shortened(text)): \(error)")
    }
    session = invocation.session
    var options = invocation.torrent
    options.sources.peers += Self.numericPeers(of: link)
    let tiers = link.trackers.map { [$0] }
    let trackers = invocation.trackerTiers(torrentTrackers: tiers) ?? tiers
    options.sources.trackers = trackers
    let urls = trackers.flatMap(\.self)
    if urls.contains(where: { OptionText.isURL($0, schemes: ["http", "https"]) }) {
      try invocation.checkBinding(of: "the trackers of the magnet link")
    }
    options.sources.usesDHT = invocation.dht.isUsed(
      trackers: trackers, webSeeds: invocation.webSeeds + link.webSeeds,
      peers: options.sources.peers, ownAddresses: session.bindAddresses)
    self.options = options
  }

  /// Returns the peers of a link that are given by address.
  private static func numericPeers(of link: MagnetLink) -> [Endpoint] {
    link.peers.compactMap { peer in
      IPAddress(peer.host).map { Endpoint(address: $0, port: peer.port) }
    }
  }

  /// The name to show until the torrent is known.
  var name: String { link.name ?? link.infoHash.description }

  /// Returns the beginning of a long word.
  private static func shortened(_ text: String) -> String {
    text.count > 60 ? text.prefix(60) + "…" : text
  }

  /// Searches for the torrent and shows events, until both have ended.
  ///
  /// - Parameters:
  ///   - keepsSwarm: Whether a download follows, which takes over the connections.
  ///   - memory: The known state of the DHT.
  ///   - stop: The switch that ends the search.
  ///   - show: Receives the events.
  ///   - note: Receives other messages for the user.
  /// - Returns: The torrent; `.cancelled` if the search was stopped.
  func fetch(
    keepsSwarm: Bool, memory: DHTMemory, stop: StopSwitch, show: (DownloadEvent) async -> Void,
    note: (String) async -> Void
  ) async -> Result<FoundTorrent, DownloadError> {
    let options = DownloadOptions(session: memory.lent(session, to: options), torrent: options)
    let fetch = MetadataFetch(link: link, options: options, keepsSwarm: keepsSwarm)
    let result = await stop.during(fetch.stop) {
      async let ending = Self.result(of: fetch)
      for await event in fetch.events { await show(event) }
      return await ending
    }
    if let problem = memory.settle(options.session) { await note(problem) }
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

  /// Returns the failure that ends the source.
  func failure(_ error: DownloadError) -> CommandFailure {
    let failure = CommandFailure(
      error, options: DownloadOptions(session: session, torrent: options))
    return CommandFailure(failure.status, "\(name): \(failure.message)", hint: failure.hint)
  }
}

/// A torrent that was loaded from a source.
struct LoadedTorrent: Sendable {
  let torrent: TorrentMetainfo
  /// The swarm that it was fetched from; nil if it was not fetched from peers.
  var found: FoundTorrent?
  /// The magnet link of the source, if it was one.
  var magnet: MagnetSource?

  /// Returns the selected files: those of the command line or else those of the link (BEP 53).
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
  /// Loads the torrent of any source, for a command that does not download it.
  ///
  /// - Throws: The failure with its exit status.
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
