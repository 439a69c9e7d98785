/// Where work goes that would hold up the loop: hashing, files, name look-ups.
///
/// The live one has threads; a simulation runs the work at once on the loop.
package protocol WorkerPool: Sendable {
  /// Runs `work` off the loop and resumes the caller on the loop with its result.
  @Reactor
  func run<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result
}
