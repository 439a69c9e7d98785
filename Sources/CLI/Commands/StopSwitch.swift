import Synchronization

/// Stops everything that is going on, once; what begins afterwards is told at once.
final class StopSwitch: Sendable {
  private struct State {
    var isStopped = false
    var next = 0
    var bodies: [Int: @Sendable () -> Void] = [:]
  }

  private let state = Mutex(State())

  /// Whether `stop` has been called.
  var isStopped: Bool { state.withLock { $0.isStopped } }

  /// Calls every body that is registered.
  func stop() {
    let bodies = state.withLock { state in
      defer { state.bodies = [:] }
      state.isStopped = true
      return state.bodies.sorted { $0.key < $1.key }.map(\.value)
    }
    for body in bodies { body() }
  }

  /// Registers what stops some work, for as long as `work` takes.
  func during<Result>(
    _ body: @escaping @Sendable () -> Void, _ work: () async -> Result
  ) async -> Result {
    let number: Int? = state.withLock { state in
      guard !state.isStopped else { return nil }
      state.next += 1
      state.bodies[state.next] = body
      return state.next
    }
    if number == nil { body() }
    let result = await work()
    state.withLock { state in
      if let number { state.bodies[number] = nil }
    }
    return result
  }

  /// Runs work that is cancelled by a stop; nil when it was.
  func cancelling<Result: Sendable>(
    _ work: @escaping @Sendable () async -> Result
  ) async -> Result? {
    let (signal, continuation) = AsyncStream.makeStream(of: Void.self)
    return await during({ continuation.finish() }) {
      await withTaskGroup(of: Result?.self) { group in
        group.addTask { await work() }
        group.addTask {
          for await _ in signal {}
          return nil
        }
        let first = await group.next() ?? nil
        group.cancelAll()
        return first
      }
    }
  }
}
