/// A point in time of a monotonic clock, in nanoseconds since the clock's own origin.
///
/// Every decision that depends on time takes an `Instant` as a parameter, so the same code runs
/// with the live clock and in simulated time. Instants of different clocks are not comparable.
public struct Instant: Hashable, Comparable, Sendable {
  /// The number of nanoseconds since the clock's origin.
  public let nanoseconds: Int64

  /// Creates the instant that is this many nanoseconds after the origin.
  @inlinable
  public init(nanoseconds: Int64) {
    self.nanoseconds = nanoseconds
  }

  /// The clock's origin.
  public static let zero = Instant(nanoseconds: 0)

  /// An instant that no clock reaches.
  public static let distantFuture = Instant(nanoseconds: .max)

  /// Returns whether `left` is earlier than `right`.
  @inlinable
  public static func < (left: Instant, right: Instant) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  /// Returns the instant `duration` later, clamped to the representable range.
  @inlinable
  public static func + (instant: Instant, duration: Duration) -> Instant {
    let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(duration.inNanoseconds)
    return Instant(nanoseconds: overflow ? (duration < .zero ? .min : .max) : sum)
  }

  /// Returns the instant `duration` earlier, clamped to the representable range.
  @inlinable
  public static func - (instant: Instant, duration: Duration) -> Instant {
    let (difference, overflow) =
      instant.nanoseconds.subtractingReportingOverflow(duration.inNanoseconds)
    return Instant(nanoseconds: overflow ? (duration < .zero ? .max : .min) : difference)
  }

  /// Returns this instant, rounded up to a multiple of `step` since the clock's origin.
  public func roundedUp(to step: Duration) -> Instant {
    let length = max(1, step.inNanoseconds)
    let past = nanoseconds % length
    return past == 0 ? self : self + .nanoseconds(past < 0 ? -past : length - past)
  }

  /// Returns the time from `right` to `left`, clamped to the representable range.
  @inlinable
  public static func - (left: Instant, right: Instant) -> Duration {
    let (difference, overflow) =
      left.nanoseconds.subtractingReportingOverflow(right.nanoseconds)
    return .nanoseconds(overflow ? (left < right ? .min : .max) : difference)
  }
}

extension Duration {
  /// The duration in whole nanoseconds, clamped to about ±292 years.
  @inlinable
  public var inNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, carry) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
    return overflow || carry ? (seconds < 0 ? .min : .max) : sum
  }

  /// The duration in seconds, as a floating-point number.
  @inlinable
  public var inSeconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
}
