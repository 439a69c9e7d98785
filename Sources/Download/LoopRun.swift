import Networking

/// What every run that a caller waits for has in common.
enum LoopRun {
  /// Runs `body` on the loop and ends its events; a caller that is cancelled stops it.
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
