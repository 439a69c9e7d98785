package import Primitives

/// How many messages of a kind somebody may send: so many at once, and then so many in a second.
package struct MessageAllowance: Sendable {
  private let burst: Double
  private let perSecond: Double
  private var left: Double
  private var lastTime: Instant?

  /// Creates one that is full.
  package init(burst: Int, perSecond: Double) {
    self.burst = Double(burst)
    self.perSecond = perSecond
    left = Double(burst)
  }

  /// Takes one message off; false when there have been too many.
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
