import Networking

/// A session: the port, the node in the DHT, the budgets and all other parts that the torrents of a
/// program share.
///
/// `withSession` makes it, runs it and ends it.
public final class Session: Sendable {
  /// The parts, which live on the loop.
  private let core: SessionCore

  fileprivate init(core: SessionCore) {
    self.core = core
  }

  /// Adds a torrent, whose `run` starts it.
  public func add(_ source: TorrentSource, options: TorrentOptions) -> Torrent {
    Torrent(source, options: options, session: core)
  }
}

/// Runs a session around `body`; it has ended when the call returns.
///
/// - Parameters:
///   - options: The options that all torrents share.
///   - body: The use of the session.
/// - Throws: `DownloadError.listenFailed`, or the error of `body`.
/// - Returns: The result of `body`.
public func withSession<Result>(
  _ options: SessionOptions = SessionOptions(),
  _ body: (Session) async throws(DownloadError) -> Result
) async throws(DownloadError) -> Result {
  try await withSession(options, environment: { .live(boundTo: options.bindAddresses) }, body)
}

/// Runs a session around `body` in an environment that is created on the loop.
package func withSession<Result>(
  _ options: SessionOptions, environment: @Sendable @Reactor () -> Environment,
  _ body: (Session) async throws(DownloadError) -> Result
) async throws(DownloadError) -> Result {
  let core = try await makeCore(options, environment)
  let result = await withTaskGroup(of: Void.self) { group in
    group.addTask(executorPreference: Reactor.taskExecutor) { await core.run() }
    let result: Swift.Result<Result, DownloadError>
    do throws(DownloadError) {
      result = .success(try await body(Session(core: core)))
    } catch {
      result = .failure(error)
    }
    await core.stop()
    return result
  }
  await core.close()
  return try result.get()
}

@Reactor
private func makeCore(
  _ options: SessionOptions, _ environment: @Sendable @Reactor () -> Environment
) throws(DownloadError) -> SessionCore {
  try SessionCore(options: options, environment: environment())
}
