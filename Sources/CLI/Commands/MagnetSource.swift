import Download
import Metainfo
import Primitives

/// A magnet link or an info-hash among the sources.
struct MagnetSource: Sendable {
  let link: MagnetLink
  private let options: DownloadOptions

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
    let tiers = link.trackers.map { [$0] }
    options.trackers = invocation.trackerTiers(torrentTrackers: tiers) ?? tiers
    let urls = (options.trackers ?? []).flatMap(\.self)
    if urls.contains(where: { OptionText.isURL($0, schemes: ["http", "https"]) }) {
      try invocation.checkBinding(of: "the trackers of the magnet link")
    }
    self.options = options
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
  ///   - stop: Ends the search.
  ///   - show: Takes its events.
  /// - Returns: The torrent; `.cancelled` when the search was stopped.
  func fetch(
    keepsSwarm: Bool, stop: StopSwitch, show: (DownloadEvent) async -> Void
  ) async -> Result<FoundTorrent, DownloadError> {
    let fetch = MetadataFetch(link: link, options: options, keepsSwarm: keepsSwarm)
    return await stop.during(fetch.stop) {
      async let ending = Self.result(of: fetch)
      for await event in fetch.events { await show(event) }
      return await ending
    }
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
  /// The files that its magnet link selects, counted from 0; nil for all.
  var linkSelection: [ClosedRange<Int>]?

  /// The files that are wanted: those of the command line, else those of the link (BEP 53).
  func selection(_ options: SelectionOptions) throws(CommandFailure) -> FileSelection {
    guard options.isAll, let ranges = linkSelection else {
      return try options.selection(of: torrent)
    }
    let count = torrent.layout.files.count
    if let last = ranges.last?.upperBound, last >= count {
      throw CommandFailure(
        .badMagnet, "the magnet link selects file \(last + 1), but \(torrent.name) has \(count)",
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
    guard case .magnet(let text) = source else {
      if case .url(let url) = source { try invocation.checkBinding(of: url) }
      return LoadedTorrent(torrent: try await load(source))
    }
    let magnet = try MagnetSource(text, invocation)
    let stop = StopSwitch()
    let outcome = await Termination.guarding(stop: stop.stop) {
      await search(magnet, stop, invocation.streams)
    }
    switch outcome ?? .failure(.cancelled) {
    case .failure(let error): throw magnet.failure(error)
    case .success(let found):
      return LoadedTorrent(torrent: found.torrent, linkSelection: magnet.link.selectedFiles)
    }
  }

  private static func search(
    _ magnet: MagnetSource, _ stop: StopSwitch, _ streams: StreamOptions
  ) async -> Result<FoundTorrent, DownloadError> {
    var display = ProgressDisplay(streams)
    display.begin(0, name: magnet.name, isSeeding: false)
    defer { display.close() }
    return await magnet.fetch(keepsSwarm: false, stop: stop) { display.show($0, of: 0) }
  }
}
