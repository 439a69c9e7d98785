import Networking

/// The signals that end or suspend a program which has no loop of its own, such as the command line.
package enum Interrupts {
  /// Keeps the watcher for as long as the process lives.
  @Reactor private static var watcher: SignalWatcher?

  /// Calls `body` on the loop with the number of each SIGINT, SIGTERM, SIGHUP and SIGQUIT from now on,
  /// in place of the signals' default action.
  ///
  /// SIGTSTP still suspends the process, after `suspending`. When the system can't watch signals, they
  /// keep their default action: the process dies, and the next run goes on from what was saved.
  package static func onTermination(
    suspending: @escaping @Sendable () -> Void, _ body: @escaping @Sendable (Int32) -> Void
  ) {
    Reactor.enqueue {
      watcher?.stop()
      // A failure leaves the default action, as documented above.
      watcher = try? SignalWatcher(SignalWatcher.Signal.allCases) { signal in
        guard signal == .suspend else { return body(signal.number) }
        suspending()
        watcher?.suspendProcess()
      }
    }
  }

  /// Ends the process by the default action of the signal of that number.
  package static func die(of number: Int32) -> Never {
    let signal = SignalWatcher.Signal.allCases.first { $0.number == number }
    SignalWatcher.die(of: signal ?? .terminate)
  }
}
