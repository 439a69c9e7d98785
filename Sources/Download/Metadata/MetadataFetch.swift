public import Metainfo
import Networking
import Primitives
import Tracker

/// A fetch of the torrent that a magnet link names (BEP 9), before anything is downloaded.
///
/// It uses the same trackers, peers, DHT and local network as a download, and hands over what it
/// found. Pass the result to `TorrentDownload`, or call `discard()` on it. Iterate `events` in one
/// task and call `run()` once in another.
public final class MetadataFetch: Sendable {
  private let link: MagnetLink
  private let options: DownloadOptions
  private let keepsSwarm: Bool
  private let environment: @Sendable @Reactor () -> Environment
  private let sink = EventSink()
  private let interruption = Interruption()

  /// Creates a fetch on the live network.
  ///
  /// `keepsSwarm` says whether a download follows. In the options, `trackers` replace those of the
  /// link if given, and the deadlines `metadata` and `total` bound the search.
  public convenience init(link: MagnetLink, options: DownloadOptions, keepsSwarm: Bool = true) {
    self.init(link: link, options: options, keepsSwarm: keepsSwarm) {
      .live(boundTo: options.session.bindAddresses)
    }
  }

  /// Creates a fetch in an environment that is created on the loop when the run starts.
  package init(
    link: MagnetLink, options: DownloadOptions, keepsSwarm: Bool = true,
    environment: @escaping @Sendable @Reactor () -> Environment
  ) {
    self.link = link
    self.options = options
    self.keepsSwarm = keepsSwarm
    self.environment = environment
  }

  /// The events, in order; the stream ends with the search.
  public var events: AsyncStream<DownloadEvent> { sink.stream }

  /// Stops the search; `run()` then throws `DownloadError.cancelled`.
  public func stop() {
    Reactor.enqueue { self.interruption.stop() }
  }

  /// Searches until the metadata is complete and verified.
  ///
  /// Throws `DownloadError.noMetadata` if that takes too long.
  public func run() async throws(DownloadError) -> FoundTorrent {
    try await LoopRun.result(of: sink, stop: { self.stop() }) { await self.runOnLoop() }
  }

  @Reactor
  private func runOnLoop() async -> Result<FoundTorrent, DownloadError> {
    let environment = environment()
    let began = environment.clock.now
    do throws(DownloadError) {
      let swarm = try MetadataSwarm(
        link: link, options: options, environment: environment, events: sink)
      interruption.handler = { swarm.finish(.failure(.cancelled)) }
      if interruption.isStopped { swarm.finish(.failure(.cancelled)) }
      if !swarm.hasPeerSource { swarm.finish(.failure(.noPeerSource)) }
      let timers = limits(swarm)
      defer { for timer in timers { environment.clock.cancel(timer) } }
      await run(swarm)
      interruption.handler = {}
      return await result(of: swarm, began: began)
    } catch {
      return .failure(error)
    }
  }

  /// Runs every activity of a search as a child task.
  @Reactor
  private func run(_ swarm: MetadataSwarm) async {
    await withDiscardingTaskGroup { group in
      group.addTask { await swarm.announcer.run() }
      if let discovery = swarm.discovery { group.addTask { await discovery.run() } }
      if let dht = swarm.dht { group.addTask { await dht.run() } }
      for listener in swarm.listeners {
        group.addTask { await swarm.accept(from: listener) }
      }
      group.addTask { await swarm.run() }
      await swarm.waitForEnd()
      swarm.discovery?.stop()
      swarm.dht?.stop()
      // The tasks are cancelled but nothing is closed: the download continues with the open
      // connections.
      group.cancelAll()
    }
  }

  /// Schedules the deadlines of the search.
  @Reactor
  private func limits(_ swarm: MetadataSwarm) -> [TimerID] {
    let deadlines = options.torrent.limits.deadlines
    let failures: [(Duration?, (Duration) -> DownloadError)] = [
      (deadlines.metadata, { .noMetadata($0) }), (deadlines.total, { .deadlinePassed($0) }),
    ]
    return failures.compactMap { limit, error in
      guard let limit, limit > .zero else { return nil }
      return swarm.environment.clock.schedule(after: limit) {
        swarm.finish(.failure(error(limit)))
      }
    }
  }

  @Reactor
  private func result(
    of swarm: MetadataSwarm, began: Instant
  ) async -> Result<FoundTorrent, DownloadError> {
    let found = swarm.found(began: began)
    let failure: DownloadError
    switch swarm.result {
    case .success(let bytes)?:
      do throws(MetainfoError) {
        let torrent = TorrentMetainfo(try TorrentInfo(bytes: bytes), link: link)
        if !keepsSwarm { await found.close() }
        return .success(FoundTorrent(torrent: torrent, swarm: keepsSwarm ? found : nil))
      } catch {
        failure = .badMetadata(error)
      }
    case .failure(let error)?: failure = error
    case nil: failure = .cancelled
    }
    await found.close()
    return .failure(failure)
  }
}

/// A torrent whose metadata came from peers, and the swarm it came from.
public struct FoundTorrent: Sendable {
  /// The torrent, with the trackers and web seeds of the link.
  public let torrent: TorrentMetainfo
  let swarm: FoundSwarm?

  /// Closes whatever the search left open, when no download follows.
  public func discard() async {
    await swarm?.close()
  }
}
