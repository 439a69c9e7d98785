public import Metainfo
import Networking
import Primitives

/// A torrent of a session: from a .torrent or a magnet link to verified files, or to seeding them.
///
/// Iterate `events` in one task and call `run` once in another; `stop()` ends the run gracefully
/// from any thread.
public final class Torrent: Sendable {
  private let source: TorrentSource
  private let options: TorrentOptions
  private let session: SessionCore
  private let sink = EventSink()
  private let interruption = Interruption()
  private let preference = FilePreference()

  init(_ source: TorrentSource, options: TorrentOptions, session: SessionCore) {
    self.source = source
    self.options = options
    self.session = session
  }

  /// The events, in order, from now on; the first reader also gets those before.
  ///
  /// Each call returns a stream of its own, which ends with the run. A reader that falls thousands
  /// of events behind loses the oldest ones.
  public var events: AsyncStream<DownloadEvent> { sink.stream() }

  /// Fetches some files before all others, from now on; files that are not selected stay so.
  ///
  /// - Parameter files: The indices of the files in the torrent.
  public func prefer(files: [Int]) {
    Reactor.enqueue { self.preference.prefer(files) }
  }

  /// Stops the run: verified data is kept, trackers are told, and `run` returns within 2 s.
  public func stop() {
    Reactor.enqueue { self.interruption.stop() }
  }

  /// Downloads until every byte is verified and in place, then seeds if the options say so.
  ///
  /// A run that seeds returns when its goal is reached or it is stopped.
  ///
  /// - Parameter choose: Returns the options for a torrent whose metadata came from peers, such as
  ///   the selection of its files; nil to stop. Connections stay open meanwhile.
  /// - Throws: `DownloadError.cancelled` if the run was stopped earlier, the error of a deadline
  ///   that passed, or the error that made the run impossible.
  /// - Returns: The summary.
  public func run(
    choosing choose: (@Sendable (TorrentMetainfo) async -> TorrentOptions?)? = nil
  ) async throws(DownloadError) -> DownloadSummary {
    let options = options
    return try await perform { run throws(DownloadError) in
      switch self.source {
      case .torrent: try await run.run()
      case .magnet(let link): try await run.run(link, choose: choose ?? { _ in options })
      }
    }
  }

  /// Only fetches the torrent's metadata from peers; returns at once if it is known.
  ///
  /// Throws `DownloadError.noMetadata` if that takes too long.
  public func metadata() async throws(DownloadError) -> TorrentMetainfo {
    switch source {
    case .torrent(let torrent): torrent
    case .magnet(let link):
      try await perform { run throws(DownloadError) in try await run.fetch(link) }
    }
  }

  /// Runs one kind of work on the loop, and ends its events.
  private func perform<Success: Sendable>(
    _ body: @escaping @Sendable @Reactor (TorrentRun) async throws(DownloadError) -> Success
  ) async throws(DownloadError) -> Success {
    // A separate task is needed because a cancelled one could not send `stopped` to the trackers.
    // It never outlives this call.
    let work = Task(executorPreference: Reactor.taskExecutor) { await self.work(body) }
    let result = await withTaskCancellationHandler {
      await work.value
    } onCancel: {
      stop()
    }
    sink.finish()
    return try result.get()
  }

  @Reactor
  private func work<Success: Sendable>(
    _ body: @Sendable @Reactor (TorrentRun) async throws(DownloadError) -> Success
  ) async -> Result<Success, DownloadError> {
    defer { preference.run = nil }
    if let total = options.limits.deadlines.total, !options.content.seedsOnly {
      interruption.arm(total, clock: session.environment.clock)
    }
    defer { interruption.disarm() }
    let run = TorrentRun(
      source: source, options: options, session: session, events: sink,
      interruption: interruption)
    preference.run = run
    do throws(DownloadError) {
      return .success(try await body(run))
    } catch {
      // The interrupted activity only knows that it was cancelled; the reason is kept here.
      return .failure(error == .cancelled ? interruption.reason ?? error : error)
    }
  }
}
