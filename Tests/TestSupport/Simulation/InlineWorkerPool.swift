import Networking

/// A worker pool that runs everything immediately on the caller's thread.
///
/// Simulated runs use it: there, work takes no time and its order must not depend on threads.
package struct InlineWorkerPool: WorkerPool {
  /// Creates the pool.
  package init() {}

  /// Runs `work` and returns its result.
  package func run<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result {
    work()
  }
}
