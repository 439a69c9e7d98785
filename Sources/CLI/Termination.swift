import Download
import Synchronization

/// Runs work that SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGXCPU end gracefully, and dies of the signal
/// afterwards.
///
/// The first signal calls `stop`; the work then has two seconds to save and say goodbye. When it
/// is late, or the signal comes again, the process ends at once, whatever its threads are stuck in.
/// Dying of the signal rather than exiting with a number is what stops the loop of the shell that
/// called us.
package enum Termination {
  /// How long the work may take after the signal.
  static let patience = Duration.milliseconds(1900)

  /// How some work will end the process, which is open until a signal comes or the work is done.
  package final class Ending: Sendable {
    private struct State {
      var signal: Int32?
      var isSettled = false
      var hasComeLate = false
    }

    private let state = Mutex(State())

    /// Settles how the process ends, so that work can tell: a signal that comes later does not
    /// change it, unless the process does not end then.
    ///
    /// - Returns: The signal that it dies of, if one came before.
    package func settle() -> Int32? {
      state.withLock { state in
        state.isSettled = true
        return state.signal
      }
    }

    /// The signal that the process dies of.
    fileprivate var signal: Int32? { state.withLock { $0.signal } }

    /// What a signal leads to.
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

  /// Runs `work`, and dies of the signal afterwards if one came.
  ///
  /// Without `stop`, the signal cancels the task that does the work.
  package static func guarding<Outcome: Sendable>(
    stop: (@Sendable () -> Void)? = nil, _ work: @escaping @Sendable () async -> Outcome
  ) async -> Outcome? {
    await guarding(stop: stop) { (_: Ending) in await work() }
  }

  /// Runs `work`, which can settle how the process ends before it does.
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
      // What ends first, work or stream, ends the other.
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
