public import Metainfo
import Networking
import Primitives
public import Storage

/// A check of a torrent's files on all cores, which changes nothing.
///
/// Iterate `events` in one task, which brings `checking` alone, and call `run()` once in another.
public final class TorrentVerification: Sendable {
  private let torrent: TorrentMetainfo
  private let options: DownloadOptions
  private let environment: @Sendable @Reactor () -> Environment
  private let sink = EventSink()
  private let interruption = Interruption()

  /// A check of what lies in the options' folder; of the options only those about files count.
  public convenience init(torrent: TorrentMetainfo, options: DownloadOptions) {
    self.init(torrent: torrent, options: options) { .live() }
  }

  /// A check in a given world, made on the loop when the run begins.
  package init(
    torrent: TorrentMetainfo, options: DownloadOptions,
    environment: @escaping @Sendable @Reactor () -> Environment
  ) {
    self.torrent = torrent
    self.options = options
    self.environment = environment
  }

  /// How far the check has come; it ends when the check ends.
  public var events: AsyncStream<DownloadEvent> { sink.stream }

  /// Ends the check; `run()` then throws `DownloadError.cancelled`.
  public func stop() {
    Reactor.enqueue { self.interruption.stop() }
  }

  /// Hashes every wanted piece and tells what is right, and what is not.
  ///
  /// Throws `DownloadError.storage` when a file cannot be read, or another run works on the output.
  public func run() async throws(DownloadError) -> VerificationReport {
    try await LoopRun.result(of: sink, stop: { self.stop() }) { await self.runOnLoop() }
  }

  @Reactor
  private func runOnLoop() async -> Result<VerificationReport, DownloadError> {
    await OutputPreparation(
      torrent: torrent, options: options, environment: environment(), events: sink,
      interruption: interruption
    ).verify()
  }
}
