import Networking

/// The common frame of the runs that a caller awaits.
enum LoopRun {
  /// Runs `body` on the loop and then finishes its events; cancelling the caller stops the run.
  static func result<Success: Sendable>(
    of sink: EventSink, stop: @escaping @Sendable () -> Void,
    _ body: @escaping @Sendable @Reactor () async -> Result<Success, DownloadError>
  ) async throws(DownloadError) -> Success {
    let result = await withTaskExecutorPreference(Reactor.taskExecutor) {
      await withTaskCancellationHandler {
        await body()
      } onCancel: {
        stop()
      }
    }
    sink.finish()
    return try result.get()
  }
}
