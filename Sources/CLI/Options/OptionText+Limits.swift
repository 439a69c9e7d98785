import Download

extension OptionText {
  static func duration(_ text: String) throws(ExpectedValue) -> Duration {
    guard let duration = DurationText.parse(text) else {
      throw ExpectedValue("a time such as 30s, 5m or 1h30m")
    }
    return duration
  }

  /// A bound on time, or none for 0.
  static func deadline(_ text: String) throws(ExpectedValue) -> Duration? {
    guard let duration = DurationText.parse(text) else {
      throw ExpectedValue("a time such as 30s, 5m or 1h30m, or 0 for never")
    }
    return duration == .zero ? nil : duration
  }

  static func rate(_ text: String) throws(ExpectedValue) -> Int {
    guard let rate = ByteText.parseRate(text), (1 << 10...1 << 40).contains(rate) else {
      throw ExpectedValue("bytes a second from 1K to 1T, such as 500K or 2M")
    }
    return Int(rate)
  }

  /// A limit that all torrents share, since they are given the same one.
  static func limiter(_ text: String) throws(ExpectedValue) -> RateLimiter {
    RateLimiter(bytesPerSecond: try rate(text))
  }

  /// The least average and the time over which it is taken: `RATE:TIME`; none for 0.
  static func speedFloor(_ text: String) throws(ExpectedValue) -> SpeedFloor? {
    if text == "0" { return nil }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, let rate = ByteText.parseRate(parts[0]), rate > 0,
      rate <= 1 << 40, let duration = DurationText.parse(parts[1]), duration >= .seconds(1)
    else { throw ExpectedValue("a rate and a time of a second or more, such as 10K:5m") }
    return SpeedFloor(bytesPerSecond: Int(rate), duration: duration)
  }
}
