import Primitives

/// A send rate limit of 8 kB/s with a burst of three seconds' worth.
///
/// Replies to other nodes leave half of the burst to our own searches.
struct SendQuota: Sendable {
  static let bytesPerSecond = 8000.0
  static let savings = 24_000.0

  private var available = Self.savings
  private var updated = Instant.zero

  /// A Boolean value indicating whether the quota was used up at the last update.
  var isExhausted: Bool { available <= 0 }

  /// Charges a reply; returns false if there is not enough left for it.
  mutating func spendOnReply(_ count: Int, now: Instant) -> Bool {
    refill(now)
    guard available >= Self.savings / 2 else { return false }
    available -= Double(count)
    return true
  }

  /// Charges a query, after `canQuery` has returned true.
  mutating func spendOnQuery(_ count: Int, now: Instant) {
    refill(now)
    available -= Double(count)
  }

  /// Returns whether a query may be sent now.
  mutating func canQuery(now: Instant) -> Bool {
    refill(now)
    return available > 0
  }

  /// The time at which a query may be sent.
  var refillTime: Instant {
    guard available <= 0 else { return updated }
    return updated + .seconds(-available / Self.bytesPerSecond) + .milliseconds(1)
  }

  private mutating func refill(_ now: Instant) {
    guard now > updated else { return }
    available = min(Self.savings, available + (now - updated).inSeconds * Self.bytesPerSecond)
    updated = now
  }
}
