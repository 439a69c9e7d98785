public import Metainfo
import Networking
import Primitives
import Storage
import Tracker

/// One torrent's run: from a parsed .torrent to verified files, or to seeding them.
///
/// Iterate `events` in one task and call `run()` once in another; `stop()` ends the run gracefully
/// from any thread. `run()` serves as the program's table of contents: it names every activity.
public final class TorrentDownload: Sendable {
  private let torrent: TorrentMetainfo
  private let options: DownloadOptions
  private let environment: @Sendable @Reactor () -> Environment
  /// The open connections and trackers left by the metadata search.
  private let found: FoundSwarm?
  private let sink = EventSink()
  private let interruption = Interruption()

  /// Creates a run on the live network and file system.
  public convenience init(torrent: TorrentMetainfo, options: DownloadOptions) {
    self.init(torrent: torrent, options: options) { .live(boundTo: options.session.bindAddresses) }
  }

  /// Creates a run that takes over the swarm in which a magnet link's torrent was found.
  public convenience init(found: FoundTorrent, options: DownloadOptions) {
    let swarm = found.swarm
    self.init(torrent: found.torrent, options: options, found: swarm) {
      swarm?.environment ?? .live(boundTo: options.session.bindAddresses)
    }
  }

  /// Creates a run in an environment that is created on the loop when the run starts.
  package convenience init(
    torrent: TorrentMetainfo, options: DownloadOptions,
    environment: @escaping @Sendable @Reactor () -> Environment
  ) {
    self.init(torrent: torrent, options: options, found: nil, environment: environment)
  }

  private init(
    torrent: TorrentMetainfo, options: DownloadOptions, found: FoundSwarm?,
    environment: @escaping @Sendable @Reactor () -> Environment
  ) {
    self.torrent = torrent
    self.options = options
    self.found = found
    self.environment = environment
  }

  /// The events, in order; the stream ends with the run.
  ///
  /// A reader that falls thousands of events behind loses the oldest ones.
  public var events: AsyncStream<DownloadEvent> { sink.stream }

  /// Stops the run: verified data is kept, trackers are told, and `run()` returns within 2 s.
  public func stop() {
    Reactor.enqueue { self.interruption.stop() }
  }

  /// Downloads until every byte is verified and in place, then seeds if the options say so.
  ///
  /// Returns the summary; a run that seeds returns when its goal is reached or it is stopped.
  /// Throws `DownloadError.cancelled` if stopped earlier, the error of a deadline that passed, or
  /// the error that made the run impossible.
  public func run() async throws(DownloadError) -> DownloadSummary {
    // A separate task is needed because a cancelled one could not send `stopped` to the trackers.
    // It never outlives this call.
    let run = Task(executorPreference: Reactor.taskExecutor) { await self.runOnLoop() }
    let result = await withTaskCancellationHandler {
      await run.value
    } onCancel: {
      stop()
    }
    sink.finish()
    return try result.get()
  }

  @Reactor
  private func runOnLoop() async -> Result<DownloadSummary, DownloadError> {
    let environment = environment()
    if let total = options.torrent.limits.deadlines.total, !options.torrent.content.seedsOnly {
      let spent = found.map { environment.clock.now - $0.began } ?? .zero
      interruption.arm(total, spent: spent, clock: environment.clock)
    }
    defer { interruption.disarm() }
    do throws(DownloadError) {
      let summary = try await runPhases(in: environment)
      await found?.close()
      return .success(summary)
    } catch {
      await found?.close()
      // The interrupted activity only knows that it was cancelled; the reason is kept here.
      return .failure(error == .cancelled ? interruption.reason ?? error : error)
    }
  }

  /// Runs the phases: check, prepare, exchange, finish.
  @Reactor
  private func runPhases(
    in environment: Environment
  ) async throws(DownloadError) -> DownloadSummary {
    let start = environment.clock.now
    sink.send(
      .started(
        RunFacts(
          name: torrent.name, infoHash: torrent.infoHash,
          totalLength: torrent.geometry.totalLength, pieceCount: torrent.geometry.pieceCount,
          folder: options.torrent.output.folder)))
    let output = try await OutputPreparation(
      torrent: torrent, options: options, environment: environment, events: sink,
      interruption: interruption
    ).prepare()
    if output.isComplete, !options.torrent.content.seedsOnly {
      await output.close()
      let progress = ProgressSnapshot.complete(torrent.geometry, wanted: output.storage.wanted)
      sink.send(.progress(progress))
      sink.send(.completed)
      return DownloadSummary(
        alreadyComplete: true, duration: environment.clock.now - start, seedingTime: .zero,
        progress: progress, bannedPeers: [], diskName: output.diskName)
    }
    let pipeline: Pipeline
    do throws(DownloadError) {
      pipeline = try Pipeline(
        torrent: torrent, options: options, environment: environment, output: output,
        events: sink, found: found)
    } catch {
      await output.close()
      throw error
    }
    pipeline.seedingBegan = { [interruption] in interruption.disarm() }
    interruption.handler = { pipeline.finish(.failure(.cancelled)) }
    if interruption.isStopped { pipeline.finish(.failure(.cancelled)) }
    if !options.torrent.content.seedsOnly, !pipeline.hasPeerSource {
      pipeline.finish(.failure(.noPeerSource))
    }
    await run(pipeline)
    interruption.handler = {}
    try await pipeline.settle()
    sink.send(.progress(pipeline.snapshot()))
    if !pipeline.isSeeding { sink.send(.completed) }
    var summary = pipeline.summary(since: start)
    summary.diskName = output.diskName
    return summary
  }

  /// Runs every activity of an exchange as a child task.
  @Reactor
  private func run(_ pipeline: Pipeline) async {
    await withDiscardingTaskGroup { group in
      // Finds peers through trackers and keeps the trackers informed.
      group.addTask { await pipeline.announcer.run() }
      // Finds peers on the local network, if enabled.
      if let discovery = pipeline.discovery {
        group.addTask { await discovery.run() }
      }
      // Finds peers without trackers, when allowed and needed.
      if let dht = pipeline.dht { group.addTask { await dht.run() } }
      // Accepts incoming connections, with one task per listening socket.
      for listener in pipeline.listeners {
        group.addTask { await pipeline.roster.accept(from: listener) }
      }
      // Dials peers and runs a session for each: claimer, reader and server.
      group.addTask { await pipeline.roster.run() }
      // Downloads ranges from web seeds, over a few connections to each.
      group.addTask { await pipeline.webSeeds.run() }
      // Hashes and writes pieces while the next ones arrive.
      for lane in 0..<PieceVerifier.lanes {
        group.addTask { await pipeline.verifier.run(lane: lane) }
      }
      // Updates rates, late blocks, choking, progress and the saved state.
      group.addTask { await pipeline.pulse.run() }
      // Waits for the end, whatever causes it, and ends everything above.
      await pipeline.waitForEnd()
      await pipeline.closeDown()
    }
  }
}
