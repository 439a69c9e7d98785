public import Metainfo
import Networking
import Primitives
import Storage
import Tracker

/// One torrent's run: from a parsed .torrent to verified files, or to serving them.
///
/// Iterate `events` in one task and call `run()` once in another; `stop()` from anywhere ends the
/// run gracefully. `run()` is the table of contents of the program: it names every activity.
public final class TorrentDownload: Sendable {
  private let torrent: TorrentMetainfo
  private let options: DownloadOptions
  private let environment: @Sendable @Reactor () -> Environment
  private let sink = EventSink()
  private let interruption = Interruption()

  /// A run against the real network and file system.
  public convenience init(torrent: TorrentMetainfo, options: DownloadOptions) {
    self.init(torrent: torrent, options: options) { .live() }
  }

  /// A run in a given world, made on the loop when the run begins.
  package init(
    torrent: TorrentMetainfo, options: DownloadOptions,
    environment: @escaping @Sendable @Reactor () -> Environment
  ) {
    self.torrent = torrent
    self.options = options
    self.environment = environment
  }

  /// What happens, in order; it ends when the run ends.
  ///
  /// A reader that falls thousands of events behind loses the oldest ones.
  public var events: AsyncStream<DownloadEvent> { sink.stream }

  /// Ends the run: what is verified is kept, trackers are told, and `run()` returns within 2 s.
  public func stop() {
    Reactor.enqueue { self.interruption.stop() }
  }

  /// Downloads until every byte is verified and in place, or serves until stopped.
  ///
  /// Returns what was done; for a run that keeps seeding, when it was stopped. Throws
  /// `DownloadError.cancelled` when stopped earlier, or what made the run impossible.
  public func run() async throws(DownloadError) -> DownloadSummary {
    let result = await withTaskExecutorPreference(Reactor.taskExecutor) {
      await withTaskCancellationHandler {
        await runOnLoop()
      } onCancel: {
        stop()
      }
    }
    sink.finish()
    return try result.get()
  }

  @Reactor
  private func runOnLoop() async -> Result<DownloadSummary, DownloadError> {
    do throws(DownloadError) {
      return .success(try await runPhases(in: environment()))
    } catch {
      return .failure(error)
    }
  }

  /// Check, prepare, exchange, finish.
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
          folder: options.folder)))
    let output = try await OutputPreparation(
      torrent: torrent, options: options, environment: environment, events: sink,
      interruption: interruption
    ).prepare()
    if output.verified.isFull, !options.keepSeeding {
      await output.close()
      return finished(.complete(torrent.geometry), since: start, environment, isNew: false, [])
    }
    let pipeline: Pipeline
    do throws(DownloadError) {
      pipeline = try Pipeline(
        torrent: torrent, options: options, environment: environment, output: output, events: sink)
    } catch {
      await output.close()
      throw error
    }
    interruption.handler = { pipeline.finish(.failure(.cancelled)) }
    if interruption.isStopped { pipeline.finish(.failure(.cancelled)) }
    await run(pipeline)
    interruption.handler = {}
    let progress = pipeline.snapshot()
    try await pipeline.settle(keepSeeding: options.keepSeeding)
    return finished(
      progress, since: start, environment, isNew: true, pipeline.roster.bannedPeers)
  }

  /// Every activity of a run that exchanges data, each as one child task.
  @Reactor
  private func run(_ pipeline: Pipeline) async {
    await withDiscardingTaskGroup { group in
      // Finds peers through the trackers, and keeps them informed.
      group.addTask { await pipeline.announcer.run() }
      // Takes incoming connections, one task for each listening socket.
      for listener in pipeline.listeners {
        group.addTask { await pipeline.roster.accept(from: listener) }
      }
      // Dials peers and runs one session for each: lane, reader and server.
      group.addTask { await pipeline.roster.run() }
      // Hashes and writes pieces while the next ones come in.
      for lane in 0..<PieceVerifier.lanes {
        group.addTask { await pipeline.verifier.run(lane: lane) }
      }
      // Rates, late blocks, choking, progress, saved state.
      group.addTask { await pipeline.pulse.run() }
      // Waits for the end, whatever brings it, and ends all of the above.
      await pipeline.waitForEnd()
      await pipeline.closeDown()
    }
  }

  @Reactor
  private func finished(
    _ progress: ProgressSnapshot, since start: Instant, _ environment: Environment, isNew: Bool,
    _ banned: [Endpoint]
  ) -> DownloadSummary {
    sink.send(.progress(progress))
    if progress.verifiedPieces == progress.pieceCount { sink.send(.completed) }
    return DownloadSummary(
      alreadyComplete: !isNew, duration: environment.clock.now - start, progress: progress,
      bannedPeers: banned)
  }
}

/// The one request from outside that a run knows: to stop.
@Reactor
final class Interruption {
  private(set) var isStopped = false
  /// What to do about it, once there is something to stop.
  var handler: () -> Void = {}

  nonisolated init() {}

  func stop() {
    guard !isStopped else { return }
    isStopped = true
    handler()
  }
}
