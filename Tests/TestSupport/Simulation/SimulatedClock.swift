package import Networking
package import Primitives

/// A clock that stands still while there is work and then jumps to its next timer.
@Reactor
package final class SimulatedClock: LoopClock {
  /// When a simulation begins: not at zero, so that earlier instants exist.
  package nonisolated static let origin = Instant.zero + .seconds(3600)

  /// The virtual time.
  package private(set) var now = SimulatedClock.origin

  private var timers = TimerQueue<@Reactor () -> Void>()

  init() {}

  /// When the next timer is due; nil when there is none.
  var nextDeadline: Instant? { timers.nextDeadline }

  /// Calls `action` at `deadline`, never at once.
  package func schedule(
    at deadline: Instant, _ action: @escaping @Reactor () -> Void
  ) -> TimerID {
    timers.schedule(at: max(deadline, now), action)
  }

  /// Forgets a timer.
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
