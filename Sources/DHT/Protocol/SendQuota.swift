import Primitives

/// How much we may send: 8 kB a second, of which three seconds' worth can be saved up.
///
/// Answers to strangers leave half of the savings to our own searches.
struct SendQuota: Sendable {
  static let bytesPerSecond = 8000.0
  static let savings = 24_000.0

  private var available = Self.savings
  private var updated = Instant.zero

  /// Whether nothing was left when we last looked.
  var isExhausted: Bool { available <= 0 }

  /// Takes the bytes of an answer, if there are enough.
  mutating func spendOnReply(_ count: Int, now: Instant) -> Bool {
    refill(now)
    guard available >= Self.savings / 2 else { return false }
    available -= Double(count)
    return true
  }

  /// Takes the bytes of a query; `canQuery` said that there are some.
  mutating func spendOnQuery(_ count: Int, now: Instant) {
    refill(now)
    available -= Double(count)
  }

  /// Whether a query may be sent now.
  mutating func canQuery(now: Instant) -> Bool {
    refill(now)
    return available > 0
  }

  /// When a query may be sent.
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
