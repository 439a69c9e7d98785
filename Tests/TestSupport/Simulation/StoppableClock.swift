package import Networking
package import Primitives

/// The clock of one simulated process, which can be stopped while the world goes on.
///
/// Meanwhile it stands still and fires nothing, as `RunningTime` has it for a real process.
@Reactor
package final class StoppableClock: LoopClock {
  private let world: SimulatedClock
  private var timers = TimerQueue<@Reactor () -> Void>()
  private var alarm: (id: TimerID, time: Instant)?
  private var stoppedAt: Instant?

  /// The total time that has passed while it stood still.
  package private(set) var standstill = Duration.zero

  /// Creates a process's clock in a world.
  package init(_ world: SimulatedClock) {
    self.world = world
  }

  /// The process's time.
  package var now: Instant { (stoppedAt ?? world.now) - standstill }

  /// Calls `action` at `deadline`, never at once.
  package func schedule(
    at deadline: Instant, _ action: @escaping @Reactor () -> Void
  ) -> TimerID {
    defer { setAlarm() }
    return timers.schedule(at: max(deadline, now), action)
  }

  /// Forgets a timer.
  package func cancel(_ timer: TimerID) {
    timers.cancel(timer)
  }

  /// Stops the process.
  package func stop() {
    stoppedAt = stoppedAt ?? world.now
  }

  /// Lets it go on.
  package func resume() {
    guard let since = stoppedAt else { return }
    stoppedAt = nil
    standstill += world.now - since
    setAlarm()
  }

  private func setAlarm() {
    guard stoppedAt == nil, let next = timers.nextDeadline.map({ $0 + standstill }),
      alarm.map({ next < $0.time }) ?? true
    else { return }
    if let alarm { world.cancel(alarm.id) }
    let id = world.schedule(at: next) { [weak self] in
      guard let self else { return }
      alarm = nil
      if stoppedAt == nil { timers.popFirst(dueAt: now)?() }
      setAlarm()
    }
    alarm = (id, next)
  }
}
