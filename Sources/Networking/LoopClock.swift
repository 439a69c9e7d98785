package import Primitives

/// A clock with timers: the live clock follows the system's monotonic clock, and a simulated one
/// jumps from event to event.
///
/// It stands still while the process is stopped or the machine sleeps, so that no deadline passes
/// in time that nobody could use.
@Reactor
package protocol LoopClock: AnyObject, Sendable {
  /// The current time, which may stand still during one turn of the loop.
  var now: Instant { get }

  /// The total time that has passed while this clock stood still.
  ///
  /// It matters for what others measure, such as the age of a tracker's answer.
  var standstill: Duration { get }

  /// Schedules `action` to run on the loop at `deadline` or soon after.
  ///
  /// Actions run in the order of their deadlines, and in the order of the calls where deadlines are
  /// equal.
  func schedule(at deadline: Instant, _ action: @escaping @Reactor () -> Void) -> TimerID

  /// Cancels a timer; does nothing if it has already fired.
  func cancel(_ timer: TimerID)
}

extension LoopClock {
  /// Zero, unless the clock knows better.
  package var standstill: Duration { .zero }
}

/// The identifier of one timer of one clock.
package struct TimerID: Hashable, Sendable {
  /// The number that the clock assigned.
  package let value: UInt64

  /// Creates an identifier from the clock's number.
  package init(value: UInt64) {
    self.value = value
  }
}
