import Networking
package import Primitives

/// The clock that live runs are measured with; it stands still while the process is stopped.
package enum RunClock {
  /// The time now.
  @Reactor package static var now: Instant { ReactorClock().now }

  /// Returns when so much of that time has passed, or at once when the task is cancelled.
  @Reactor package static func sleep(for duration: Duration) async {
    await ReactorClock().sleep(for: duration)
  }
}
