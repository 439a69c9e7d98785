import Networking

/// A session: the port, the node in the DHT, the budgets and whatever else the torrents of a program
/// share.
///
/// `withSession` makes it, runs it and ends it.
final class Session: Sendable {
  /// The parts, which live on the loop.
  let core: SessionCore

  fileprivate init(core: SessionCore) {
    self.core = core
  }
}

/// Runs a session around `body` in an environment; it has ended when the call returns.
///
/// - Parameters:
///   - options: The options that hold for all torrents.
///   - environment: Returns the system as the session sees it; called once, on the loop.
///   - body: The use of the session.
/// - Throws: `DownloadError.listenFailed`, or the error of `body`.
/// - Returns: The result of `body`.
func withSession<Result>(
  _ options: SessionSettings, environment: @Sendable @Reactor () -> Environment,
  _ body: (Session) async throws -> Result
) async throws -> Result {
  let core = try await makeCore(options, environment)
  let session = Session(core: core)
  do {
    let result = try await withTaskGroup(of: Void.self) { group in
      group.addTask(executorPreference: Reactor.taskExecutor) { await core.run() }
      do {
        let result = try await body(session)
        await core.stop()
        return Swift.Result<Result, any Error>.success(result)
      } catch {
        await core.stop()
        return .failure(error)
      }
    }.get()
    await core.close()
    return result
  } catch {
    await core.close()
    throw error
  }
}

@Reactor
private func makeCore(
  _ options: SessionSettings, _ environment: @Sendable @Reactor () -> Environment
) throws(DownloadError) -> SessionCore {
  try SessionCore(options: options, environment: environment())
}
