public import Metainfo
import Networking
import Primitives
public import Storage

/// A check of a torrent's files on all cores that changes nothing.
///
/// Iterate `events`, which only contains `checking` events, in one task and call `run()` once in
/// another.
public final class TorrentVerification: Sendable {
  private let torrent: TorrentMetainfo
  private let options: TorrentOptions
  private let sink = EventSink()
  private let interruption = Interruption()

  /// Creates a check of the options' folder; only the options that concern files matter.
  public init(torrent: TorrentMetainfo, options: TorrentOptions) {
    self.torrent = torrent
    self.options = options
  }

  /// The progress events; the stream ends with the check.
  public var events: AsyncStream<DownloadEvent> { sink.stream() }

  /// Stops the check; `run()` then throws `DownloadError.cancelled`.
  public func stop() {
    Reactor.enqueue { self.interruption.stop() }
  }

  /// Hashes every selected piece and reports which are good.
  ///
  /// Throws `DownloadError.storage` if a file cannot be read or another run is using the output.
  public func run() async throws(DownloadError) -> VerificationReport {
    try await run(in: { .live() })
  }

  /// Runs the verification in an environment that is created on the loop.
  package func run(
    in environment: @escaping @Sendable @Reactor () -> Environment
  ) async throws(DownloadError) -> VerificationReport {
    let result = await withTaskExecutorPreference(Reactor.taskExecutor) {
      await withTaskCancellationHandler {
        await check(in: environment)
      } onCancel: {
        stop()
      }
    }
    sink.finish()
    return try result.get()
  }

  @Reactor
  private func check(
    in environment: @Sendable @Reactor () -> Environment
  ) async -> Result<VerificationReport, DownloadError> {
    let environment = environment()
    return await OutputPreparation(
      torrent: torrent, options: options, environment: environment,
      openFiles: OpenFileBudget(limit: environment.files.openFileLimit), events: sink,
      interruption: interruption
    ).verify()
  }
}
