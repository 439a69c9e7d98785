package import Primitives

/// The system's monotonic clock, read once per turn of the loop, less the time for which the
/// process was stopped.
@Reactor
package final class ReactorClock: LoopClock {
  /// Creates a clock; all instances show the same time.
  package init() {}

  /// The time at the start of the current turn of the loop.
  package var now: Instant { Reactor.shared.loop.time.now }

  /// The total time that has passed while the process was stopped.
  package var standstill: Duration { Reactor.shared.loop.time.standstill }

  /// Schedules `action` for `deadline`; it may run up to a millisecond later.
  package func schedule(
    at deadline: Instant, _ action: @escaping @Reactor () -> Void
  ) -> TimerID {
    Reactor.shared.loop.timers.schedule(at: deadline, action)
  }

  /// Cancels a timer; does nothing if it has already fired.
  package func cancel(_ timer: TimerID) {
    Reactor.shared.loop.timers.cancel(timer)
  }
}
