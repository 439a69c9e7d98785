import Download
import Primitives

extension OptionTable {
  /// How long and how fast each download may be.
  static let limits: [OptionSpecification] = [
    OptionSpecification(
      "--timeout", "give up a download that takes longer (default: never)", for: [.download],
      .value(OptionValue("TIME")) { invocation, text throws(ExpectedValue) in
        invocation.download.deadlines.total = try OptionText.deadline(text)
      }),
    OptionSpecification(
      "--stall-timeout", "give up when no data comes for so long (default: 30m)",
      for: [.download],
      .value(OptionValue("TIME")) { invocation, text throws(ExpectedValue) in
        invocation.download.deadlines.stall = try OptionText.deadline(text)
      }),
    OptionSpecification(
      "--peers-timeout", "give up when no peer is connected for so long (default: 5m)",
      for: [.download],
      .value(OptionValue("TIME")) { invocation, text throws(ExpectedValue) in
        invocation.download.deadlines.peers = try OptionText.deadline(text)
      }),
    OptionSpecification(
      "--metadata-timeout", "give up when no peer sends a magnet's torrent (default: 5m)",
      for: [.download, .seed, .info, .verify],
      .value(OptionValue("TIME")) { invocation, text throws(ExpectedValue) in
        invocation.download.deadlines.metadata = try OptionText.deadline(text)
      }),
    OptionSpecification(
      "--min-speed", "give up when less comes on average, such as 10K:5m", for: [.download],
      .value(OptionValue("RATE:TIME")) { invocation, text throws(ExpectedValue) in
        invocation.download.deadlines.minimumSpeed = try OptionText.speedFloor(text)
      }),
    OptionSpecification(
      "--limit-down", "receive no more than that a second, all torrents together",
      for: [.download],
      .value(OptionValue("RATE")) { invocation, text throws(ExpectedValue) in
        invocation.download.downloadLimiter = try OptionText.limiter(text)
      }),
    OptionSpecification(
      "--limit-up", "send no more than that a second, all torrents together", for: transfers,
      .value(OptionValue("RATE")) { invocation, text throws(ExpectedValue) in
        invocation.download.uploadLimiter = try OptionText.limiter(text)
      }),
    OptionSpecification(
      "--seed-ratio", "serve the data until so many times its size was sent", for: transfers,
      .value(OptionValue("RATIO")) { invocation, text throws(ExpectedValue) in
        guard let ratio = Double(text), ratio > 0, ratio <= 1e6,
          text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2E })
        else { throw ExpectedValue("a number above 0, such as 1.5") }
        invocation.download.seedRatio = ratio
      }),
    OptionSpecification(
      "--seed-time", "serve the data for so long", for: transfers,
      .value(OptionValue("TIME")) { invocation, text throws(ExpectedValue) in
        invocation.download.seedTime = try OptionText.duration(text)
      }),
    OptionSpecification(
      "--bind", "our own address for everything between peers", for: seekers,
      .value(OptionValue("ADDRESS")) { invocation, text throws(ExpectedValue) in
        guard let address = IPAddress(text) else {
          throw ExpectedValue("a numeric address, such as 192.0.2.1 or 2001:db8::1")
        }
        invocation.download.bindAddress = address
      }),
    OptionSpecification(
      "--unbound-http", "use http(s) in spite of --bind, from any address",
      for: seekers,
      .toggle { invocation, isOn in invocation.allowsUnboundHTTP = isOn }),
  ]
}
