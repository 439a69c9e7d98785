import Networking
import Synchronization

/// The signals that end or suspend a program which has no loop of its own, such as the command line.
package enum Interrupts {
  /// Keeps the watcher for as long as the process lives.
  private static let watcher = Mutex<SignalWatcher?>(nil)

  /// From now on calls `body` with the number of each SIGINT, SIGTERM, SIGHUP and SIGQUIT, in place
  /// of the signals' default action, and `overdue` when `patience` has passed since the first one.
  ///
  /// SIGTSTP still suspends the process, after `suspending`. All are called on a thread that nothing
  /// else can hold up. When the system can't watch signals, they keep their default action: the
  /// process dies, and the next run goes on from what was saved.
  package static func onTermination(
    patience: Duration, suspending: @escaping @Sendable () -> Void,
    _ body: @escaping @Sendable (Int32) -> Void, overdue: @escaping @Sendable (Int32) -> Void
  ) {
    watcher.withLock { current in
      current?.stop()
      // A failure leaves the default action, as documented above.
      current = try? SignalWatcher(SignalWatcher.Signal.allCases, patience: patience) { signal in
        guard signal == .suspend else { return body(signal.number) }
        suspending()
        watcher.withLock { $0 }?.suspendProcess()
      } overdue: {
        overdue($0.number)
      }
    }
  }

  /// Ends the process by the default action of the signal of that number.
  package static func die(of number: Int32) -> Never {
    let signal = SignalWatcher.Signal.allCases.first { $0.number == number }
    SignalWatcher.die(of: signal ?? .terminate)
  }
}
