import Download
import Metainfo
import Primitives

/// A source that is a magnet link or an info-hash.
struct MagnetSource: Sendable {
  let link: MagnetLink
  /// The options of the search; a following download has options of its own.
  private(set) var options: TorrentOptions

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
    var options = invocation.torrent
    options.sources.peers += Self.numericPeers(of: link)
    let tiers = link.trackers.map { [$0] }
    let trackers = invocation.sources.trackerTiers(torrentTrackers: tiers) ?? tiers
    options.sources.trackers = trackers
    let urls = trackers.flatMap(\.self)
    if urls.contains(where: { OptionText.isURL($0, schemes: ["http", "https"]) }) {
      try invocation.checkBinding(of: "the trackers of the magnet link")
    }
    options.sources.usesDHT = invocation.dht.isUsed(
      trackers: trackers, webSeeds: invocation.sources.webSeeds + link.webSeeds,
      peers: options.sources.peers, ownAddresses: invocation.session.bindAddresses)
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

  /// Only fetches the torrent's metadata, and shows events, until both have ended.
  ///
  /// - Parameters:
  ///   - session: The session of the run.
  ///   - stop: The switch that ends the search.
  ///   - show: Receives the events.
  /// - Returns: The torrent; `.cancelled` if the search was stopped.
  func fetch(
    in session: Session, stop: StopSwitch, show: (DownloadEvent) async -> Void
  ) async -> Result<TorrentMetainfo, DownloadError> {
    let search = session.add(.magnet(link), options: options)
    return await stop.during(search.stop) {
      let events = search.events
      async let ending = Self.result(of: search)
      for await event in events { await show(event) }
      return await ending
    }
  }

  private static func result(
    of search: Torrent
  ) async -> Result<TorrentMetainfo, DownloadError> {
    do throws(DownloadError) {
      return .success(try await search.metadata())
    } catch {
      return .failure(error)
    }
  }

  /// Returns the failure that ends the source.
  func failure(_ error: DownloadError, _ session: RunSession) -> CommandFailure {
    let failure = CommandFailure(error, session: session.options, output: options.output)
    return CommandFailure(failure.status, "\(name): \(failure.message)", hint: failure.hint)
  }
}

/// A torrent that was loaded from a source.
struct LoadedTorrent: Sendable {
  let torrent: TorrentMetainfo
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
    _ source: SourceArgument, _ invocation: Invocation, _ session: RunSession
  ) async throws(CommandFailure) -> LoadedTorrent {
    if case .url(let url) = source { try invocation.checkBinding(of: url) }
    let magnet: MagnetSource
    switch try await load(source) {
    case .torrent(let torrent): return LoadedTorrent(torrent: torrent)
    case .magnet(let text): magnet = try MagnetSource(text, invocation)
    }
    let stop = StopSwitch()
    let outcome = await Termination.guarding(stop: stop.stop) {
      await search(magnet, session, stop, invocation.streams)
    }
    switch outcome ?? .failure(.cancelled) {
    case .failure(let error): throw magnet.failure(error, session)
    case .success(let torrent): return LoadedTorrent(torrent: torrent, magnet: magnet)
    }
  }

  private static func search(
    _ magnet: MagnetSource, _ session: RunSession, _ stop: StopSwitch, _ streams: StreamOptions
  ) async -> Result<TorrentMetainfo, DownloadError> {
    var display = ProgressDisplay(streams)
    display.begin(0, name: magnet.name, isSeeding: false)
    defer { display.close() }
    do throws(DownloadError) {
      return try await session.run { session in
        await magnet.fetch(in: session, stop: stop) { display.show($0, of: 0) }
      }
    } catch {
      return .failure(error)
    }
  }
}
