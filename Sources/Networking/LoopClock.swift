package import Primitives

/// A clock and its timers: the live one follows the machine's monotonic clock, a simulated one
/// jumps from event to event.
@Reactor
package protocol LoopClock: AnyObject, Sendable {
  /// The time now. During one turn of the loop it may stand still.
  var now: Instant { get }

  /// Calls `action` on the loop at `deadline` or soon after, in the order of the deadlines and, for
  /// equal ones, of the calls.
  func schedule(at deadline: Instant, _ action: @escaping @Reactor () -> Void) -> TimerID

  /// Forgets a timer; does nothing when it has fired already.
  func cancel(_ timer: TimerID)
}

/// Names one scheduled timer of one clock.
package struct TimerID: Hashable, Sendable {
  /// A number that the clock gave it.
  package let value: UInt64

  /// Names the timer that the clock knows by this number.
  package init(value: UInt64) {
    self.value = value
  }
}
