internal import Networking
internal import Primitives

/// When an exchange has taken too long; a download moves it on with each byte.
@Reactor
final class ExchangeDeadline {
  private let clock: any LoopClock
  private var deadline: Instant

  init(after duration: Duration, clock: any LoopClock) {
    self.clock = clock
    deadline = clock.now + duration
  }

  /// Allows so much from now on.
  func extend(by duration: Duration) {
    deadline = clock.now + duration
  }

  /// Runs `body`, which is cancelled when the deadline comes first.
  ///
  /// Returns `.timedOut` then, and not before the body has returned.
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

  /// Returns true when the deadline has passed, false when the task was cancelled before.
  private func passes() async -> Bool {
    while clock.now < deadline {
      guard await clock.sleep(until: deadline) else { return false }
    }
    return true
  }
}
