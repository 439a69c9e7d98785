package import Primitives

extension LoopClock {
  /// Schedules `action` to run on the loop after `delay`.
  package func schedule(
    after delay: Duration, _ action: @escaping @Reactor () -> Void
  ) -> TimerID {
    schedule(at: now + delay, action)
  }

  /// Sleeps until `deadline`; returns false immediately if the task is cancelled.
  @discardableResult
  package func sleep(until deadline: Instant) async -> Bool {
    await wait(for: Wakeup(), until: deadline) == .timedOut
  }

  /// Sleeps for `duration`; returns false immediately if the task is cancelled.
  @discardableResult
  package func sleep(for duration: Duration) async -> Bool {
    await sleep(until: now + duration)
  }

  /// Waits for a wakeup until `deadline` at the latest.
  package func wait(for wakeup: Wakeup, until deadline: Instant) async -> WaitOutcome {
    var hasTimedOut = false
    let ticket = wakeup.nextTicket
    let timer = schedule(at: deadline) {
      // A fire before the deadline counts, even if the loop was too busy to notice it earlier.
      guard !wakeup.hasDecided(ticket) else { return }
      hasTimedOut = true
      wakeup.fire()
    }
    guard await wakeup.wait() else {
      cancel(timer)
      return .cancelled
    }
    guard hasTimedOut else {
      cancel(timer)
      return .fired
    }
    return .timedOut
  }
}

/// The outcome of a wait with a deadline.
package enum WaitOutcome: Equatable, Sendable {
  /// The wakeup fired.
  case fired
  /// The deadline passed first.
  case timedOut
  /// The task was cancelled first.
  case cancelled
}
