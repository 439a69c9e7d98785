package import Primitives

/// Bytes per second, smoothed over about two seconds.
///
/// Old bytes lose weight by a tenth every quarter of a second, and so does the time in which they
/// came, so that a young meter is as exact as an old one. O(1), without allocation.
package struct RateMeter: Sendable {
  private static let step: Int64 = 250_000_000
  private static let stepSeconds = 0.25
  private static let decay = 0.9
  /// After so many steps nothing of the old weight is left.
  private static let forgetAfter: Int64 = 100

  private var bytes = 0.0
  /// The time in which they came, up to the begin of the step under way.
  private var seconds = 0.0
  /// The start of the step under way; nil before the first byte.
  private var stepStart: Instant?
  /// All bytes ever added.
  package private(set) var total: Int64 = 0

  /// Creates a meter that has seen nothing.
  package init() {}

  /// Counts bytes that came, or went, now.
  package mutating func add(bytes count: Int, now: Instant) {
    advance(to: now)
    bytes += Double(count)
    total += Int64(count)
  }

  /// Returns the rate at this moment; 0 before the first byte.
  package func rate(now: Instant) -> Double {
    var meter = self
    guard meter.stepStart != nil else { return 0 }
    meter.advance(to: now)
    let partial = meter.stepStart.map { max(.zero, now - $0).inSeconds } ?? 0
    // The first bytes came in no time; a whole step is the least that a rate can be told from.
    return meter.bytes / max(meter.seconds + partial, Self.stepSeconds)
  }

  private mutating func advance(to now: Instant) {
    guard let start = stepStart else {
      stepStart = now
      return
    }
    let steps = (now.nanoseconds &- start.nanoseconds) / Self.step
    guard steps > 0 else { return }
    if steps > Self.forgetAfter { bytes = 0 }
    for _ in 0..<min(steps, Self.forgetAfter) {
      bytes *= Self.decay
      seconds = (seconds + Self.stepSeconds) * Self.decay
    }
    stepStart = start + .nanoseconds(steps * Self.step)
  }
}
