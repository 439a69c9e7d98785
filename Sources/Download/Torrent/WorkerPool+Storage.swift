import Networking
import Storage

extension WorkerPool {
  /// Runs work on files on a worker; returns the reason of its failure.
  @Reactor
  func attempt(
    _ body: @escaping @Sendable () throws(StorageError) -> Void
  ) async -> StorageError? {
    await run {
      do throws(StorageError) {
        try body()
        return nil
      } catch {
        return error
      }
    }
  }
}
