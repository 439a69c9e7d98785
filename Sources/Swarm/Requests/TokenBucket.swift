package import Primitives

/// Counts how many bytes a rate allows by now.
///
/// Tokens come in at the rate, and those that nobody takes are kept for a fifth of a second only,
/// so that a pause is not followed by a burst. A caller may take more than that at once: then the
/// bucket goes into debt, and the next one waits for longer, so over time the rate is exact.
package struct TokenBucket: Sendable {
  /// The time for which tokens are kept that nobody takes, in seconds.
  private static let memory = 0.2

  /// Bytes per second, at least 1.
  package let rate: Double
  private var tokens = 0.0
  private var updated: Instant?
  /// The number of tokens that were lost because nobody took them in time.
  private var spilled = 0.0

  /// Creates an empty bucket; the time begins with the first call.
  package init(bytesPerSecond: Int) {
    rate = Double(max(1, bytesPerSecond))
  }

  /// Takes as many tokens, if the rate allows it by now.
  package mutating func take(_ count: Int, now: Instant) -> Bool {
    advance(to: now)
    guard tokens >= needed(for: count) else { return false }
    tokens -= Double(count)
    return true
  }

  /// Takes as many tokens as there are, at most `limit`; returns how many.
  package mutating func takeWhatIsThere(upTo limit: Int, now: Instant) -> Int {
    advance(to: now)
    let count = min(max(0, limit), Int(max(0, tokens)))
    tokens -= Double(count)
    return count
  }

  /// Counts bytes that are moved whatever the rate is; others then wait for longer.
  package mutating func charge(_ count: Int, now: Instant) {
    advance(to: now)
    tokens -= Double(count)
  }

  /// Puts back tokens that were taken and not used.
  package mutating func giveBack(_ count: Int) {
    tokens = min(tokens + Double(count), capacity)
  }

  /// Returns the number of tokens that were lost by now.
  package mutating func spilled(by now: Instant) -> Double {
    advance(to: now)
    return spilled
  }

  /// Returns the time at which `take` of as many tokens can succeed, if nothing is taken before.
  package mutating func time(of count: Int, now: Instant) -> Instant {
    advance(to: now)
    let missing = needed(for: count) - tokens
    // A nanosecond more, because a fraction of one too early would find nothing.
    return missing > 0 ? now + .seconds(missing / rate) + .nanoseconds(1) : now
  }

  private var capacity: Double { rate * Self.memory }

  /// Returns the number of tokens that must be there: no more than can ever be.
  private func needed(for count: Int) -> Double { min(Double(count), capacity) }

  private mutating func advance(to now: Instant) {
    defer { updated = max(updated ?? now, now) }
    guard let updated, now > updated else { return }
    let filled = tokens + (now - updated).inSeconds * rate
    tokens = min(filled, capacity)
    spilled += filled - tokens
  }
}
