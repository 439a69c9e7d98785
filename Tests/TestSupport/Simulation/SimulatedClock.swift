package import Networking
package import Primitives

/// A clock that stands still while there is work and then jumps to its next timer.
@Reactor
package final class SimulatedClock: LoopClock {
  /// The time at which a simulation begins, which is not zero so that earlier instants exist.
  package nonisolated static let origin = Instant.zero + .seconds(3600)

  /// The virtual time.
  package private(set) var now = SimulatedClock.origin

  private var timers = TimerQueue<@Reactor () -> Void>()

  init() {}

  /// The deadline of the next timer, or nil if there is none.
  var nextDeadline: Instant? { timers.nextDeadline }

  /// Schedules `action` for `deadline`; it never runs immediately.
  package func schedule(
    at deadline: Instant, _ action: @escaping @Reactor () -> Void
  ) -> TimerID {
    timers.schedule(at: max(deadline, now), action)
  }

  /// Cancels a timer.
  package func cancel(_ timer: TimerID) {
    timers.cancel(timer)
  }

  /// Jumps to the next timer and fires it.
  func fireNext() {
    guard let deadline = timers.nextDeadline else { return }
    now = max(now, deadline)
    timers.popFirst(dueAt: now)?()
  }
}
