/// A pool for work that would block the loop: hashing, file access and name resolution.
///
/// The live pool uses threads. A simulation runs the work immediately on the loop.
package protocol WorkerPool: Sendable {
  /// Runs `work` off the loop and resumes the caller on the loop with its result.
  @Reactor
  func run<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result
}
