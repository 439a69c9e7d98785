package import Networking
package import Primitives

/// A simulated world with its own clock, network and randomness, all determined by a seed.
///
/// The body and its child tasks run on the loop. When none of them can proceed, the clock jumps to
/// its next timer. Work off the loop would make the order unpredictable, so a simulated client gets
/// an `InlineWorkerPool`. Live tests and other simulations may share the loop; they do not change
/// the order of this one's events.
@Reactor
package final class Simulation {
  /// The virtual clock.
  package let clock = SimulatedClock()
  /// The simulated network, which creates the hosts.
  package let network: SimulatedNetwork
  /// The seed that determines everything.
  package let seed: UInt64

  private var seeds: SeededRandom
  private var limits = Limits()
  private var events = 0
  private var isRunning = false
  private var failure: SimulationError?
  private let hasFailed = Wakeup()
  private var suspicion: TimerID?

  private struct Limits {
    var deadline = Instant.distantFuture
    var events = Int.max
  }

  /// Creates the world of a seed.
  package init(seed: UInt64) {
    self.seed = seed
    seeds = SeededRandom(seed: seed)
    network = SimulatedNetwork(clock: clock, seed: seeds.next())
  }

  /// Returns another random source; the n-th call always returns the same one.
  package func makeRandom() -> SeededRandom {
    SeededRandom(seed: seeds.next())
  }

  /// The number of timers that have fired.
  package var eventCount: Int { events }

  /// Runs `body` in this world; call it once.
  ///
  /// If the world comes to a standstill or reaches a limit, the body's task is cancelled, and the
  /// error is thrown once the body has returned.
  package func run<Result: Sendable>(
    deadline: Duration = .seconds(7 * 24 * 3600), maximumEvents: Int = 20_000_000,
    _ body: @escaping @Sendable @Reactor () async throws -> Result
  ) async throws -> Result {
    limits = Limits(deadline: clock.now + deadline, events: maximumEvents)
    isRunning = true
    Reactor.addIdleSource(self)
    defer {
      isRunning = false
      Reactor.removeIdleSource(self)
    }
    let result = try await withTaskExecutorPreference(Reactor.taskExecutor) {
      try await self.supervise(body)
    }
    if let failure { throw failure }
    guard let result else { throw SimulationError.standsStill(seed: seed, after: elapsed) }
    return result
  }

  private func supervise<Result: Sendable>(
    _ body: @escaping @Sendable @Reactor () async throws -> Result
  ) async throws -> Result? {
    try await withThrowingTaskGroup(of: Result?.self) { group in
      group.addTask { try await body() }
      group.addTask { [hasFailed] in
        await hasFailed.wait()
        return nil
      }
      do {
        // The first result is the body's, or nil from the watch that a failure ended.
        let first = try await group.next() ?? nil
        group.cancelAll()
        let second = try await group.next() ?? nil
        return first ?? second
      } catch {
        group.cancelAll()
        // The failure explains more than the error that the body threw on cancellation.
        if let failure { throw failure }
        throw error
      }
    }
  }

  // MARK: - Failing

  private var elapsed: Duration { clock.now - SimulatedClock.origin }

  private func fail(_ error: SimulationError) {
    // A body that ignores cancellation would otherwise hang the test run silently.
    precondition(failure == nil, "\(error); the body does not react to cancellation")
    failure = error
    // The body gets additional time and events to finish.
    limits.deadline = clock.now + .seconds(24 * 3600)
    limits.events = events + 1_000_000
    hasFailed.fire()
  }

  /// Checks again a moment later before reporting a standstill.
  ///
  /// The body may be on its way from another thread, at its very start or inside the test
  /// framework.
  private func suspectStandstill() {
    guard suspicion == nil else { return }
    suspicion = ReactorClock().schedule(after: .seconds(1)) { [weak self] in
      guard let self else { return }
      suspicion = nil
      guard isRunning, clock.nextDeadline == nil else { return }
      fail(.standsStill(seed: seed, after: elapsed))
    }
  }
}

extension Simulation: IdleSource {
  /// Fires the next timer, if there is one.
  package func runNextEvent() -> Bool {
    guard isRunning else { return false }
    guard let next = clock.nextDeadline else {
      suspectStandstill()
      return false
    }
    if let suspicion {
      ReactorClock().cancel(suspicion)
      self.suspicion = nil
    }
    if next > limits.deadline {
      fail(.tookTooLong(seed: seed, after: elapsed))
    } else if events >= limits.events {
      fail(.tooManyEvents(seed: seed, after: elapsed))
    } else {
      events += 1
      clock.fireNext()
    }
    return true
  }
}

/// The reason why a simulation ended before its body.
package enum SimulationError: Error, Equatable, CustomStringConvertible {
  /// The body waits, and no event is left that could wake it.
  case standsStill(seed: UInt64, after: Duration)
  /// The virtual deadline has passed.
  case tookTooLong(seed: UInt64, after: Duration)
  /// The limit on the number of events was reached.
  case tooManyEvents(seed: UInt64, after: Duration)

  /// A description of the failure with the seed and the time.
  package var description: String {
    switch self {
    case .standsStill(let seed, let time):
      "simulation \(seed) stands still at \(time): the body waits for an event that never comes"
    case .tookTooLong(let seed, let time):
      "simulation \(seed) passed its virtual deadline at \(time)"
    case .tooManyEvents(let seed, let time):
      "simulation \(seed) reached its bound of events at \(time)"
    }
  }
}
