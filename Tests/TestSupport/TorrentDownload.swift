package import Download
package import Metainfo
import Networking
import Primitives
import Synchronization

/// The options of a torrent that is alone in its session.
package struct DownloadOptions: Sendable {
  package var session = SessionOptions()
  package var torrent = TorrentOptions()

  package init() {}
}

/// One torrent in a session of its own, which begins and ends with `run()`.
package final class TorrentDownload: Sendable {
  private struct State {
    var torrent: Torrent?
    var isStopped = false
    var preferred: [Int] = []
  }

  package let source: TorrentSource
  package let options: DownloadOptions
  private let environment: @Sendable @Reactor () -> Environment
  private let state = Mutex(State())
  /// The events; the stream ends with the run.
  package let events: AsyncStream<DownloadEvent>
  private let continuation: AsyncStream<DownloadEvent>.Continuation

  package init(
    source: TorrentSource, options: DownloadOptions,
    environment: @escaping @Sendable @Reactor () -> Environment
  ) {
    self.source = source
    self.options = options
    self.environment = environment
    (events, continuation) = AsyncStream.makeStream()
  }

  package convenience init(
    torrent: TorrentMetainfo, options: DownloadOptions,
    environment: @escaping @Sendable @Reactor () -> Environment
  ) {
    self.init(source: .torrent(torrent), options: options, environment: environment)
  }

  package func stop() {
    let torrent = state.withLock { state in
      state.isStopped = true
      return state.torrent
    }
    torrent?.stop()
  }

  /// Has some files fetched first.
  package func prefer(files: [Int]) {
    let torrent = state.withLock { state in
      state.preferred = files
      return state.torrent
    }
    torrent?.prefer(files: files)
  }

  package func run(
    choosing choose: (@Sendable (TorrentMetainfo) async -> TorrentOptions?)? = nil
  ) async throws(DownloadError) -> DownloadSummary {
    try await perform { torrent throws(DownloadError) in try await torrent.run(choosing: choose) }
  }

  /// Only fetches the metadata.
  package func metadata() async throws(DownloadError) -> TorrentMetainfo {
    try await perform { torrent throws(DownloadError) in try await torrent.metadata() }
  }

  private func perform<Success: Sendable>(
    _ body: @Sendable (Torrent) async throws(DownloadError) -> Success
  ) async throws(DownloadError) -> Success {
    defer { continuation.finish() }
    let result = try await withSession(options.session, environment: environment) { session in
      let torrent = session.add(source, options: options.torrent)
      let isStopped = state.withLock { state in
        state.torrent = torrent
        return state.isStopped
      }
      torrent.prefer(files: state.withLock { $0.preferred })
      let events = torrent.events
      async let forwarding: Void = forward(events)
      if isStopped { torrent.stop() }
      let result: Result<Success, DownloadError>
      do throws(DownloadError) {
        result = .success(try await body(torrent))
      } catch {
        result = .failure(error)
      }
      await forwarding
      return result
    }
    return try result.get()
  }

  private func forward(_ stream: AsyncStream<DownloadEvent>) async {
    for await event in stream { continuation.yield(event) }
  }
}
