package import Primitives

/// The machine's monotonic clock, read once per turn of the loop.
@Reactor
package final class ReactorClock: LoopClock {
  /// Creates a face of the clock; all of them show the same time.
  package init() {}

  /// The time at the beginning of this turn of the loop.
  package var now: Instant { Reactor.shared.loop.now }

  /// Calls `action` at `deadline`, or up to a millisecond later.
  package func schedule(
    at deadline: Instant, _ action: @escaping @Reactor () -> Void
  ) -> TimerID {
    Reactor.shared.loop.timers.schedule(at: deadline, action)
  }

  /// Forgets a timer; does nothing when it has fired already.
  package func cancel(_ timer: TimerID) {
    Reactor.shared.loop.timers.cancel(timer)
  }
}
