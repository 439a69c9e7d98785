import Download

/// The parsers of limits, where 0 means no limit.
extension OptionText {
  /// Parses a limit on a number; nil means no limit.
  static func limit(_ text: String, in range: ClosedRange<Int>) throws(ExpectedValue) -> Int? {
    if Int(text) == 0 { return nil }
    guard let number = Int(text), range.contains(number) else {
      throw ExpectedValue(
        "a number from \(range.lowerBound) to \(range.upperBound), or 0 for no limit")
    }
    return number
  }

  /// Parses a time limit; nil means no limit.
  static func deadline(_ text: String) throws(ExpectedValue) -> Duration? {
    guard let duration = DurationText.parse(text) else {
      throw ExpectedValue("a time such as 30s, 5m or 1h30m, or 0 for no limit")
    }
    return duration == .zero ? nil : duration
  }

  /// Parses a rate limit, which all torrents share; nil means no limit.
  static func limiter(_ text: String) throws(ExpectedValue) -> RateLimiter? {
    guard let rate = ByteText.parseRate(text), rate == 0 || (1 << 10...1 << 40).contains(rate)
    else {
      throw ExpectedValue(
        "bytes per second from 1K to 1T, such as 500K or 2MB/s, or 0 for no limit")
    }
    return rate == 0 ? nil : RateLimiter(bytesPerSecond: Int(rate))
  }

  /// Parses `RATE:TIME`, a minimum average and the time that it covers; nil means no limit.
  static func speedFloor(_ text: String) throws(ExpectedValue) -> SpeedFloor? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    if parts.count <= 2, ByteText.parseRate(parts[0]) == 0,
      parts.count == 1 || DurationText.parse(parts[1]) != nil
    {
      return nil
    }
    guard parts.count == 2, let rate = ByteText.parseRate(parts[0]),
      rate <= 1 << 40, let duration = DurationText.parse(parts[1]), duration >= .seconds(1)
    else {
      throw ExpectedValue(
        "a rate and a time of at least one second, such as 10K:5m, or 0 for no limit")
    }
    return SpeedFloor(bytesPerSecond: Int(rate), duration: duration)
  }

  /// Parses a share ratio; nil means no limit.
  static func ratio(_ text: String) throws(ExpectedValue) -> Double? {
    guard let ratio = Double(text), ratio <= 1e6,
      text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2E })
    else { throw ExpectedValue("a number such as 1.5, or 0 for no limit") }
    return ratio == 0 ? nil : ratio
  }

  /// Parses a memory limit, in bytes.
  static func memory(_ text: String) throws(ExpectedValue) -> Int {
    let largest: Int64 = 1 << 36
    guard let size = ByteText.parse(text), size == 0 || (1 << 20...largest).contains(size) else {
      throw ExpectedValue("a size from 1M to 64G, or 0 for no limit")
    }
    return Int(size == 0 ? largest : size)
  }
}
