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
  private var seconds = 0.0
  private var lastStep: Int64?
  /// All bytes ever added.
  package private(set) var total: Int64 = 0

  /// A meter that has seen nothing.
  package init() {}

  /// Counts bytes that came, or went, now.
  package mutating func add(bytes count: Int, now: Instant) {
    self = advanced(to: now)
    bytes += Double(count)
    total += Int64(count)
  }

  /// The rate at this moment; 0 before the first byte.
  package func rate(now: Instant) -> Double {
    let meter = advanced(to: now)
    guard meter.lastStep != nil else { return 0 }
    return meter.bytes / (meter.seconds + Self.stepSeconds)
  }

  private func advanced(to now: Instant) -> RateMeter {
    var meter = self
    let current = now.nanoseconds / Self.step
    guard let last = lastStep else {
      meter.lastStep = current
      return meter
    }
    guard current > last else { return meter }
    if current - last > Self.forgetAfter {
      meter.bytes = 0
    } else {
      for _ in last..<current {
        meter.bytes *= Self.decay
        meter.seconds = (meter.seconds + Self.stepSeconds) * Self.decay
      }
    }
    meter.lastStep = current
    return meter
  }
}
