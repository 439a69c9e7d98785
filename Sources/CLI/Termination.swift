import Download
import Synchronization

/// Runs work that SIGINT, SIGTERM, SIGHUP and SIGQUIT end gracefully, and dies of the signal
/// afterwards.
///
/// The first signal calls `stop`; the work then has two seconds to save and say goodbye. When it
/// is late, or the signal comes again, the process ends at once, whatever its threads are stuck in.
/// Dying of the signal rather than exiting with a number is what stops the loop of the shell that
/// called us.
package enum Termination {
  /// How long the work may take after the signal.
  static let patience = Duration.milliseconds(1900)

  /// Runs `work`, and dies of the signal afterwards if one came.
  ///
  /// Without `stop`, the signal cancels the task that does the work.
  package static func guarding<Outcome: Sendable>(
    stop: (@Sendable () -> Void)? = nil, _ work: @escaping @Sendable () async -> Outcome
  ) async -> Outcome? {
    let (signals, continuation) = AsyncStream.makeStream(of: Never.self)
    let received = Mutex<Int32?>(nil)
    Interrupts.onTermination(patience: patience, suspending: LiveTerminal.leave) { signal in
      let isFirst = received.withLock { first in
        defer { first = first ?? signal }
        return first == nil
      }
      guard isFirst else { die(of: signal) }
      if let stop { stop() } else { continuation.finish() }
    } overdue: {
      die(of: $0)
    }
    let outcome = await withTaskGroup(of: Outcome?.self) { group in
      group.addTask { await work() }
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
    if let signal = received.withLock({ $0 }) { die(of: signal) }
    return outcome
  }

  /// Ends the process by the signal's default action.
  static func die(of number: Int32) -> Never {
    LiveTerminal.abandon()
    Interrupts.die(of: number)
  }
}
