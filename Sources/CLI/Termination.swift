import Platform
import Synchronization

/// Graceful termination by SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGXCPU.
///
/// The first signal calls `stop`, and the work then has two seconds to save progress and tell
/// trackers. If it takes longer, or a second signal arrives, the process ends at once, even if
/// threads are blocked. Afterwards the process dies of the signal instead of exiting with a status,
/// so that a loop in the calling shell ends too.
package enum Termination {
  /// The time that the work has after the signal.
  static let patience = Duration.milliseconds(1900)

  /// The way in which some work will end the process, open until a signal arrives or the work is
  /// done.
  package final class Ending: Sendable {
    private struct State {
      var signal: Int32?
      var isSettled = false
      var hasComeLate = false
    }

    private let state = Mutex(State())

    /// Decides how the process ends, so that the work can report it.
    ///
    /// A later signal does not change the result, unless the process fails to end.
    ///
    /// - Returns: The signal that the process dies of, if one has arrived.
    package func settle() -> Int32? {
      state.withLock { state in
        state.isSettled = true
        return state.signal
      }
    }

    /// The signal that the process dies of, if one has arrived.
    fileprivate var signal: Int32? { state.withLock { $0.signal } }

    /// The effect of a signal.
    fileprivate enum Consequence {
      case stop, nothing, death
    }

    fileprivate func receive(_ signal: Int32) -> Consequence {
      state.withLock { state in
        guard state.signal == nil, !state.hasComeLate else { return .death }
        guard !state.isSettled else {
          state.hasComeLate = true
          return .nothing
        }
        state.signal = signal
        return .stop
      }
    }
  }

  /// Runs `work`, and dies of the signal afterwards if one has arrived.
  ///
  /// Without `stop`, the signal cancels the task of the work.
  package static func guarding<Outcome: Sendable>(
    stop: (@Sendable () -> Void)? = nil, _ work: @escaping @Sendable () async -> Outcome
  ) async -> Outcome? {
    await guarding(stop: stop) { (_: Ending) in await work() }
  }

  /// Runs `work`, which can settle early how the process ends.
  package static func guarding<Outcome: Sendable>(
    stop: (@Sendable () -> Void)? = nil, _ work: @escaping @Sendable (Ending) async -> Outcome
  ) async -> Outcome? {
    let (signals, continuation) = AsyncStream.makeStream(of: Never.self)
    let ending = Ending()
    Interrupts.onTermination(patience: patience, suspending: LiveTerminal.leave) { signal in
      switch ending.receive(signal) {
      case .death: die(of: signal)
      case .nothing: break
      case .stop: if let stop { stop() } else { continuation.finish() }
      }
    } overdue: {
      die(of: $0)
    }
    let outcome = await withTaskGroup(of: Outcome?.self) { group in
      group.addTask { await work(ending) }
      group.addTask {
        for await _ in signals {}
        return nil
      }
      // The work or the stream ends first, and then ends the other.
      var outcome: Outcome?
      while let next = await group.next() {
        if let next { outcome = next }
        group.cancelAll()
      }
      return outcome
    }
    if let signal = ending.signal { die(of: signal) }
    return outcome
  }

  /// Ends the process by the signal's default action.
  static func die(of number: Int32) -> Never {
    LiveTerminal.abandon()
    Interrupts.die(of: number)
  }
}
