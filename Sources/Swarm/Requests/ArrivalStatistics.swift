import Primitives

/// The times that a peer's blocks take to come, one after the other, and the time when one is late.
struct ArrivalStatistics: Sendable {
  private var mean = 0.0
  private var deviation = 0.0
  private var count = 0

  /// Takes one more interval into account; about the last twenty matter.
  mutating func add(_ interval: Duration) {
    let seconds = interval.inSeconds
    count += 1
    guard count > 1 else {
      mean = seconds
      deviation = seconds / 2
      return
    }
    let weight = 1 / Double(min(count, 20))
    deviation += weight * (abs(seconds - mean) - deviation)
    mean += weight * (seconds - mean)
  }

  /// The silence after which a block counts as late.
  var timeout: Duration {
    guard count > 0 else { return RequestWindow.firstTimeout }
    return .seconds(min(60, max(2, mean + 4 * deviation)))
  }
}

/// The bytes per second of one peer, measured over the seconds between ticks; pauses don't count.
struct WindowRate: Sendable {
  private var bytes = 0
  private var since: Instant?
  /// The length of the measurement under way when the pause began; nil outside of a pause.
  private var pausedAfter: Duration?
  /// The smoothed rate.
  private(set) var bytesPerSecond = 0.0

  mutating func add(_ count: Int, now: Instant) {
    if since == nil, pausedAfter == nil { since = now }
    bytes += count
  }

  /// Suspends the measurement while the peer chokes us.
  mutating func pause(now: Instant) {
    guard let start = since else { return }
    pausedAfter = now - start
    since = nil
  }

  /// Continues the measurement.
  mutating func resume(now: Instant) {
    guard let length = pausedAfter else { return }
    since = now - length
    pausedAfter = nil
  }

  /// Returns the rate as far as it is known: that of the bytes so far until a measurement ends.
  func estimate(now: Instant) -> Double {
    guard bytesPerSecond == 0, let start = since, now - start >= .milliseconds(150) else {
      return bytesPerSecond
    }
    return Double(bytes) / (now - start).inSeconds
  }

  /// Closes a measurement of a second or more; returns the rates measured before and now.
  mutating func tick(now: Instant) -> (before: Double, now: Double)? {
    guard let start = since else { return nil }
    let seconds = (now - start).inSeconds
    guard seconds >= 0.9 else { return nil }
    let measured = Double(bytes) / seconds
    let before = bytesPerSecond
    bytesPerSecond = before == 0 ? measured : before * 0.4 + measured * 0.6
    bytes = 0
    since = now
    return (before, measured)
  }
}
