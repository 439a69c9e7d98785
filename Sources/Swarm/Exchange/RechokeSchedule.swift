import Primitives

/// The times at which it is decided anew who may download from us.
struct RechokeSchedule: Sendable {
  /// The intervals of the decision.
  struct Policy: Sendable {
    /// The regular interval (BEP 3 §choking).
    var interval = Duration.seconds(10)
    /// The shortest time between two decisions.
    ///
    /// A decision costs time for each peer, and a peer can change its interest in every few bytes.
    var pause = Duration.milliseconds(100)
  }

  private let policy = Policy()
  private var last = Instant.zero
  private var lastRegular: Instant?
  /// The time of a decision that was put off.
  private(set) var due: Instant?

  /// Records that the facts have changed; returns whether to decide now.
  mutating func request(now: Instant) -> Bool {
    guard due == nil else { return false }
    guard last + policy.pause > now else { return true }
    due = last + policy.pause
    return false
  }

  /// Returns whether a decision that was put off is due.
  func isDue(now: Instant) -> Bool { due.map { now >= $0 } ?? false }

  /// Returns whether the regular interval has passed, and begins the next one then.
  mutating func takeRegular(now: Instant) -> Bool {
    guard let start = lastRegular else {
      lastRegular = now
      return false
    }
    guard now - start >= policy.interval else { return false }
    lastRegular = now
    return true
  }

  mutating func decided(now: Instant) {
    last = now
    due = nil
  }
}
