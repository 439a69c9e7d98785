import Networking
import Synchronization

/// SIGINT and SIGTERM for a program that has no loop of its own, such as the command line.
package enum Interrupts {
  /// Keeps the watcher for as long as the process lives.
  private static let watcher = Mutex<SignalWatcher?>(nil)

  /// From now on calls `body` with the number of each SIGINT and SIGTERM, in place of the signals'
  /// default action, and `overdue` when `patience` has passed since the first one.
  ///
  /// Both are called on a thread that nothing else can hold up. When the system can't watch signals,
  /// they keep their default action: the process dies, and the next run goes on from what was saved.
  package static func onTermination(
    patience: Duration, _ body: @escaping @Sendable (Int32) -> Void,
    overdue: @escaping @Sendable (Int32) -> Void
  ) {
    watcher.withLock { watcher in
      watcher?.stop()
      // A failure leaves the default action, as documented above.
      watcher = try? SignalWatcher(
        [.interrupt, .terminate], patience: patience, received: { body($0.number) },
        overdue: { overdue($0.number) })
    }
  }

  /// Ends the process by the default action of the signal of that number.
  package static func die(of number: Int32) -> Never {
    let signal = SignalWatcher.Signal.allCases.first { $0.number == number }
    SignalWatcher.die(of: signal ?? .terminate)
  }
}
