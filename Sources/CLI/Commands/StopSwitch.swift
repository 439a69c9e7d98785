import Synchronization

/// A switch that stops all current work once, and stops later work as soon as it begins.
final class StopSwitch: Sendable {
  private struct State {
    var isStopped = false
    var next = 0
    var bodies: [Int: @Sendable () -> Void] = [:]
  }

  private let state = Mutex(State())

  /// A Boolean value indicating whether `stop` has been called.
  var isStopped: Bool { state.withLock { $0.isStopped } }

  /// Calls every registered body.
  func stop() {
    let bodies = state.withLock { state in
      defer { state.bodies = [:] }
      state.isStopped = true
      return state.bodies.sorted { $0.key < $1.key }.map(\.value)
    }
    for body in bodies { body() }
  }

  /// Registers `body` to be called on a stop for the duration of `work`.
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

  /// Runs work that a stop cancels; returns nil if that happened.
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
