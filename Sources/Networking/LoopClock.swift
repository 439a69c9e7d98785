package import Primitives

/// A clock with timers: the live clock follows the system's monotonic clock, and a simulated one
/// jumps from event to event.
@Reactor
package protocol LoopClock: AnyObject, Sendable {
  /// The current time, which may stand still during one turn of the loop.
  var now: Instant { get }

  /// Schedules `action` to run on the loop at `deadline` or soon after.
  ///
  /// Actions run in the order of their deadlines, and in the order of the calls where deadlines are
  /// equal.
  func schedule(at deadline: Instant, _ action: @escaping @Reactor () -> Void) -> TimerID

  /// Cancels a timer; does nothing if it has already fired.
  func cancel(_ timer: TimerID)
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
