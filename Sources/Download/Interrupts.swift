import Networking

/// SIGINT and SIGTERM for a program that has no loop of its own, such as the command line.
package enum Interrupts {
  /// Keeps the watcher for as long as the process lives.
  @Reactor private static var watcher: SignalWatcher?

  /// Calls `body` on the loop with the number of each SIGINT and SIGTERM from now on, in place of
  /// the signals' default action.
  ///
  /// When the system can't watch signals, they keep that action: the process dies, and the next run
  /// goes on from what was saved.
  package static func onTermination(_ body: @escaping @Sendable (Int32) -> Void) {
    Reactor.enqueue {
      watcher?.stop()
      // A failure leaves the default action, as documented above.
      watcher = try? SignalWatcher([.interrupt, .terminate]) { body($0.number) }
    }
  }

  /// Ends the process by the default action of the signal of that number.
  package static func die(of number: Int32) -> Never {
    let signal = SignalWatcher.Signal.allCases.first { $0.number == number }
    SignalWatcher.die(of: signal ?? .terminate)
  }
}
