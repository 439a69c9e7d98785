internal import Networking
internal import Primitives

/// The time limit of an exchange, which a download extends with each byte it receives.
@Reactor
final class ExchangeDeadline {
  private let clock: any LoopClock
  private var deadline: Instant

  init(after duration: Duration, clock: any LoopClock) {
    self.clock = clock
    deadline = clock.now + duration
  }

  /// Restarts the limit, so that it expires `duration` from now.
  func extend(by duration: Duration) {
    deadline = clock.now + duration
  }

  /// Runs `body` and cancels it if the deadline passes first.
  ///
  /// It then returns `.timedOut`, but not before the body has returned.
  func run<Value: Sendable>(
    _ body: @escaping @Sendable @Reactor () async -> Result<Value, HTTPError>
  ) async -> Result<Value, HTTPError> {
    await withTaskGroup(of: Result<Value, HTTPError>?.self) { group in
      group.addTask { await body() }
      group.addTask { await self.passes() ? .failure(.timedOut) : nil }
      let first = await group.next() ?? nil
      group.cancelAll()
      let second = await group.next() ?? nil
      return first ?? second ?? .failure(.cancelled)
    }
  }

  /// Waits for the deadline; returns false if the task is cancelled first.
  private func passes() async -> Bool {
    while clock.now < deadline {
      guard await clock.sleep(until: deadline) else { return false }
    }
    return true
  }
}
