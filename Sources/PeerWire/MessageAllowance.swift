package import Primitives

/// The number of messages of a kind that a peer may send: a burst, and then so many in a second.
package struct MessageAllowance: Sendable {
  private let burst: Double
  private let perSecond: Double
  private var left: Double
  private var lastTime: Instant?

  /// Creates a full allowance.
  package init(burst: Int, perSecond: Double) {
    self.burst = Double(burst)
    self.perSecond = perSecond
    left = Double(burst)
  }

  /// Takes one message off; returns false when there have been too many.
  package mutating func takeOne(now: Instant) -> Bool {
    if let lastTime, now > lastTime {
      left = min(burst, left + (now - lastTime).inSeconds * perSecond)
    }
    lastTime = max(lastTime ?? now, now)
    guard left >= 1 else { return false }
    left -= 1
    return true
  }
}
