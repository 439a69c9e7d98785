import Download
import Primitives

extension OptionTable {
  /// The options that limit the time, the speed and the size of a run.
  static let limits: [OptionSpecification] = deadlines + rates + bounds

  private static let deadlines: [OptionSpecification] = [
    OptionSpecification(
      "--timeout", "give up a download that takes longer (default: no limit)", for: [.download],
      .value(OptionValue("TIME")) { invocation, text throws(ExpectedValue) in
        invocation.torrent.limits.deadlines.total = try OptionText.deadline(text)
      }),
    OptionSpecification(
      "--stall-timeout", "give up when no data arrives for TIME (default: 30m)",
      for: [.download],
      .value(OptionValue("TIME")) { invocation, text throws(ExpectedValue) in
        invocation.torrent.limits.deadlines.stall = try OptionText.deadline(text)
      }),
    OptionSpecification(
      "--peers-timeout", "give up when no peer is connected for TIME (default: 5m)",
      for: [.download],
      .value(OptionValue("TIME")) { invocation, text throws(ExpectedValue) in
        invocation.torrent.limits.deadlines.peers = try OptionText.deadline(text)
      }),
    OptionSpecification(
      "--metadata-timeout",
      "give up when no peer sends a magnet link's torrent within TIME (default: 5m)",
      for: seekers,
      .value(OptionValue("TIME")) { invocation, text throws(ExpectedValue) in
        invocation.torrent.limits.deadlines.metadata = try OptionText.deadline(text)
      }),
    OptionSpecification(
      "--min-speed", "give up when the average over TIME is below RATE, such as 10K:5m",
      for: [.download],
      .value(OptionValue("RATE:TIME")) { invocation, text throws(ExpectedValue) in
        invocation.torrent.limits.deadlines.minimumSpeed = try OptionText.speedFloor(text)
      }),
  ]

  private static let rates: [OptionSpecification] = [
    OptionSpecification(
      "--limit-down", "download at most RATE bytes per second, all torrents together",
      for: [.download],
      .value(OptionValue("RATE")) { invocation, text throws(ExpectedValue) in
        invocation.session.downloadLimiter = try OptionText.limiter(text)
      }),
    OptionSpecification(
      "--limit-up", "upload at most RATE bytes per second, all torrents together",
      for: transfers,
      .value(OptionValue("RATE")) { invocation, text throws(ExpectedValue) in
        invocation.session.uploadLimiter = try OptionText.limiter(text)
      }),
    OptionSpecification(
      "--seed-ratio", "seed until the share ratio reaches RATIO, such as 1.5", for: transfers,
      .value(OptionValue("RATIO")) { invocation, text throws(ExpectedValue) in
        invocation.torrent.limits.seedRatio = try OptionText.ratio(text)
      }),
    OptionSpecification(
      "--seed-time", "seed for TIME; with --seed-ratio, until either is reached", for: transfers,
      .value(OptionValue("TIME")) { invocation, text throws(ExpectedValue) in
        invocation.torrent.limits.seedTime = try OptionText.deadline(text)
      }),
  ]

  private static let bounds: [OptionSpecification] = [
    OptionSpecification(
      "--max-peers", "connect to at most N peers, all torrents together (default: 1000)",
      for: transfers,
      .value(OptionValue("N")) { invocation, text throws(ExpectedValue) in
        invocation.session.maximumPeers = try OptionText.limit(text, in: 1...65535) ?? 65535
      }),
    OptionSpecification(
      "--memory", "use at most SIZE for piece buffers, all torrents together (default: 64M)",
      for: transfers,
      .value(OptionValue("SIZE")) { invocation, text throws(ExpectedValue) in
        invocation.session.memoryLimit = try OptionText.memory(text)
      }),
    OptionSpecification(
      "--pipeline", "keep N requests outstanding at each peer (default: adaptive)",
      for: [.download],
      .value(OptionValue("N")) { invocation, text throws(ExpectedValue) in
        invocation.torrent.pipeline = try OptionText.number(text, in: 1...65535)
      }),
  ]
}
