import Networking
import Synchronization

/// Handling of the signals that end or suspend a program without a loop of its own.
package enum Interrupts {
  /// The watcher, kept for the life of the process.
  private static let watcher = Mutex<SignalWatcher?>(nil)

  /// Calls `body` with the number of each SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGXCPU from now on.
  ///
  /// It replaces the default action of these signals; those that are ignored stay ignored.
  /// `overdue` is called once `patience` has passed since the first of them, without the time for
  /// which the process was stopped. SIGTSTP still suspends the process, after `suspending`. All
  /// closures run on a dedicated thread that nothing else can block. If signals cannot be watched,
  /// they keep their default action: the process dies, and the next run resumes from the saved
  /// state.
  package static func onTermination(
    patience: Duration, suspending: @escaping @Sendable () -> Void,
    _ body: @escaping @Sendable (Int32) -> Void, overdue: @escaping @Sendable (Int32) -> Void
  ) {
    watcher.withLock { current in
      current?.stop()
      // If this fails, the default actions remain, as documented above.
      current = try? SignalWatcher(SignalWatcher.Signal.allCases, patience: patience) { signal in
        guard signal == .suspend else { return body(signal.number) }
        suspending()
        watcher.withLock { $0 }?.suspendProcess()
      } overdue: {
        overdue($0.number)
      }
    }
  }

  /// Ends the process by the default action of a signal.
  package static func die(of number: Int32) -> Never {
    let signal = SignalWatcher.Signal.allCases.first { $0.number == number }
    SignalWatcher.die(of: signal ?? .terminate)
  }
}
