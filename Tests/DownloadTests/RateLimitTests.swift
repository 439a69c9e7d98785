import Demo
import Metainfo
import Networking
import Primitives
import Swarm
import TestSupport
import Testing

@testable import Download

/// Limits are kept to within 3 %, whoever shares them.
@Suite(.serialized) struct RateLimitTests {
  /// The deviation of a rate from its limit, as a share of that.
  private func error(_ bytes: Int64, in time: Duration, rate: Int) -> Double {
    abs(Double(bytes) / time.inSeconds / Double(rate) - 1)
  }

  @Test(arguments: [65536, 1 << 20, 50 << 20], [1, 50])
  func manyUsersTogetherGetTheRateAndEachItsShare(rate: Int, users: Int) async throws {
    let simulation = await Simulation(seed: 301)
    let moved = try await simulation.run { () async throws -> [Int] in
      let limiter = RateLimiter(bytesPerSecond: rate)
      let clock = simulation.clock
      let end = clock.now + .seconds(5)
      return await withTaskGroup(of: Int.self) { group in
        for _ in 0..<users {
          group.addTask { await Self.use(limiter, until: end, clock) }
        }
        var moved: [Int] = []
        for await bytes in group { moved.append(bytes) }
        return moved
      }
    }
    let sum = moved.reduce(0, +)
    #expect(error(Int64(sum), in: .seconds(5), rate: rate) < 0.03)
    let share = Double(sum) / Double(users)
    #expect(moved.allSatisfy { abs(Double($0) - share) <= share * 0.05 + 600 }, "\(moved)")
  }

  @Reactor
  private static func use(
    _ limiter: RateLimiter, until end: Instant, _ clock: any LoopClock
  ) async -> Int {
    let turn = RateLimiter.Turn()
    var bytes = 0
    while clock.now < end, await limiter.take(limiter.quantum, turn: turn, clock: clock) {
      if clock.now < end { bytes += limiter.quantum }
    }
    return bytes
  }

  @Test func aTurnThatIsClosedLetsTheOthersGoOn() async throws {
    let simulation = await Simulation(seed: 302)
    let time = try await simulation.run { () async throws -> Duration in
      let limiter = RateLimiter(bytesPerSecond: 1000)
      let clock = simulation.clock
      let start = clock.now
      let closed = RateLimiter.Turn()
      _ = clock.schedule(after: .seconds(1)) { closed.close() }
      return await withTaskGroup(of: Bool.self) { group in
        group.addTask { await limiter.take(1_000_000, turn: closed, clock: clock) }
        group.addTask { await limiter.take(2_000_000, turn: closed, clock: clock) }
        group.cancelAll()
        for await isGranted in group { #expect(!isGranted) }
        let isGranted = await limiter.take(100, turn: RateLimiter.Turn(), clock: clock)
        #expect(isGranted)
        return clock.now - start
      }
    }
    #expect(time <= .milliseconds(101))
  }

  @Test(arguments: [1, 7, 50])
  func aDownloadIsAsFastAsItsLimit(peers: Int) async throws {
    let rate = 1 << 20
    let swarm = try await SimulatedSwarm(seed: 303, size: 6_000_000)
    let summary = try await swarm.simulation.run {
      for _ in 0..<peers { try swarm.addSeed() }
      return try await swarm.run(
        swarm.download { $0.session.downloadLimiter = RateLimiter(bytesPerSecond: rate) })
    }
    let output = await swarm.output
    #expect(output == swarm.content)
    let progress = summary.progress
    // The start and the end are left out: there, parts of blocks come that are then cancelled.
    let middle = await swarm.snapshots.filter {
      $0.exchangeTime >= .seconds(1) && $0.verifiedBytes < 5_000_000
    }
    let (first, last) = (try #require(middle.first), try #require(middle.last))
    let bytes = Double(last.downloadedBytes - first.downloadedBytes)
    let allowed = (last.exchangeTime - first.exchangeTime).inSeconds * Double(rate)
    // Payload counts by the block, so the parts of blocks under way at both times are not seen.
    let unseen = Double(min(peers, rate / Block.standardLength) * Block.standardLength / 4)
    #expect(abs(bytes - allowed) < 0.03 * allowed + unseen)
    // Blocks that are late because of our own limit are not asked for twice.
    #expect(progress.wastedBytes == 0)
    #expect(progress.exchangeTime < .seconds(6.1))
  }

  @Test(arguments: [3, 50])
  func aSlowLimitIsExactAsWell(peers: Int) async throws {
    let swarm = try await SimulatedSwarm(seed: 304, size: 800_000)
    let summary = try await swarm.simulation.run {
      for _ in 0..<peers { try swarm.addSeed() }
      return try await swarm.run(
        swarm.download { $0.session.downloadLimiter = RateLimiter(bytesPerSecond: 65536) })
    }
    let progress = summary.progress
    #expect(error(progress.downloadedBytes, in: progress.exchangeTime, rate: 65536) < 0.03)
    // Nobody was given up for what our own limit held back.
    #expect(progress.wastedBytes == 0)
    let ended = await swarm.endpoints
    for peer in ended {
      let reasons = await swarm.disconnections(of: peer)
      #expect(!reasons.contains { $0.contains("silent") || $0.contains("brings nothing") })
    }
  }

  @Test func slowPeersAndLongLinksReachTheLimit() async throws {
    let rate = 600_000
    let swarm = try await SimulatedSwarm(seed: 307, size: 6_000_000)
    let summary = try await swarm.simulation.run {
      for _ in 0..<40 {
        try swarm.addSeed(host: .init(latency: .milliseconds(300), uploadRate: 20_000))
      }
      return try await swarm.run(
        swarm.download { $0.session.downloadLimiter = RateLimiter(bytesPerSecond: rate) })
    }
    let output = await swarm.output
    #expect(output == swarm.content)
    // The first blocks take three seconds. A quota that did not grow would make it half as fast.
    #expect(summary.progress.exchangeTime < .seconds(16))
    // Less than a block of each peer is wasted at the end, when blocks are asked of others as well.
    #expect(summary.progress.wastedBytes < 40 * Int64(Block.standardLength))
  }

  @Test func runsThatShareALimiterShareItsRate() async throws {
    let rate = 500_000
    let limiter = RateLimiter(bytesPerSecond: rate)
    let swarm = try await SimulatedSwarm(seed: 305, size: 2_000_000)
    let (bytes, time) = try await swarm.simulation.run { () async throws -> (Int64, Duration) in
      try swarm.addSeed()
      let start = swarm.clock.now
      let other = swarm.otherDownload(at: .v4(0x0A4D_0020)) { $0.session.downloadLimiter = limiter }
      let first = swarm.download { $0.session.downloadLimiter = limiter }
      return try await withThrowingTaskGroup(of: Int64.self) { group in
        let seed = swarm.seeds[0]
        group.addTask {
          await seed.run()
          return 0
        }
        group.addTask { try await other.run().progress.downloadedBytes }
        let bytes = try await first.run().progress.downloadedBytes
        let others = try await group.next() ?? 0
        let time = swarm.clock.now - start
        seed.stop()
        return (bytes + others, time)
      }
    }
    #expect(error(bytes, in: time, rate: rate) < 0.05)
  }

  /// The requests of one run leave the other something to ask for.
  @Test func aRunThatComesLaterGetsItsShareOfTheRate() async throws {
    let rate = 500_000
    let limiter = RateLimiter(bytesPerSecond: rate)
    let swarm = try await SimulatedSwarm(seed: 309, size: 12_000_000)
    let bytes = try await swarm.simulation.run { () async throws -> Int64 in
      try swarm.addSeed()
      let first = swarm.download { $0.session.downloadLimiter = limiter }
      let late = swarm.otherDownload(at: .v4(0x0A4D_0020)) { $0.session.downloadLimiter = limiter }
      await withTaskGroup(of: Void.self) { group in
        let seed = swarm.seeds[0]
        group.addTask { await seed.run() }
        group.addTask {
          await #expect(throws: DownloadError.cancelled) { try await first.run() }
        }
        group.addTask { await swarm.collect(late.events) }
        await swarm.clock.sleep(for: .seconds(3))
        group.addTask {
          await #expect(throws: DownloadError.cancelled) { try await late.run() }
        }
        await swarm.clock.sleep(for: .seconds(12))
        first.stop()
        late.stop()
        seed.stop()
      }
      return swarm.snapshots.last?.downloadedBytes ?? 0
    }
    let quota = await limiter.quota.owed
    #expect(quota == 0, "nobody owes anything after the end")
    #expect(bytes > Int64(rate) * 12 / 4)
  }

  @Test(arguments: [0, 5])
  func webSeedsKeepToTheLimitAsWell(peers: Int) async throws {
    let rate = 300_000
    let scene = try await WebSeedScene(
      seed: 308, size: 3_000_000, webSeeds: ["http://one.example/data.bin"])
    let summary = try await scene.swarm.simulation.run {
      try scene.addServer()
      for _ in 0..<peers { try scene.swarm.addSeed() }
      return try await scene.run { $0.session.downloadLimiter = RateLimiter(bytesPerSecond: rate) }
    }
    let output = await scene.swarm.output
    #expect(output == scene.swarm.content)
    let progress = summary.progress
    #expect(error(progress.downloadedBytes, in: progress.exchangeTime, rate: rate) < 0.03)
    #expect(progress.wastedBytes < 100_000)
  }

  /// All bytes of such a server count, even those of pieces that are there and are read past.
  @Test func aWebSeedWithoutRangesKeepsToTheLimitAsWell() async throws {
    let rate = 300_000
    let scene = try await WebSeedScene(
      seed: 309, size: 3_000_000, webSeeds: ["http://one.example/data.bin"])
    let summary = try await scene.swarm.simulation.run {
      let content = scene.swarm.content
      var begun = Array(content.prefix(1_600_000))
      begun[0] ^= 1
      scene.swarm.files.put("data.bin", begun)
      try scene.addServer { _ in .bytes(ScriptedHTTPServer.response(200, body: content)) }
      return try await scene.run {
        $0.torrent.output.overwrite = true
        $0.session.downloadLimiter = RateLimiter(bytesPerSecond: rate)
      }
    }
    let output = await scene.swarm.output
    #expect(output == scene.swarm.content)
    let progress = summary.progress
    #expect(progress.downloadedBytes > 2_900_000 && progress.wastedBytes > 1_500_000)
    #expect(error(progress.downloadedBytes, in: progress.exchangeTime, rate: rate) < 0.03)
  }

  @Test func aSeedSendsNoFasterThanItsLimit() async throws {
    let rate = 200_000
    let swarm = try await SimulatedSwarm(seed: 306, size: 2_000_000)
    let summary = try await swarm.simulation.run { () async throws -> DownloadSummary in
      let files = MemoryFileSystem()
      try await swarm.fill(files)
      return try await swarm.leech(from: files) {
        $0.session.uploadLimiter = RateLimiter(bytesPerSecond: rate)
      }
    }
    let output = await swarm.output
    #expect(output == swarm.content)
    let progress = summary.progress
    #expect(error(progress.downloadedBytes, in: progress.exchangeTime, rate: rate) < 0.03)
  }
}

extension SimulatedSwarm {
  /// Every state of progress that was told.
  var snapshots: [ProgressSnapshot] {
    events.compactMap { if case .progress(let progress) = $0 { progress } else { nil } }
  }

  /// A second download of the same torrent on a host of its own.
  func otherDownload(
    at address: IPAddress, _ change: (inout DownloadOptions) -> Void = { _ in }
  ) -> TorrentDownload {
    var options = DownloadOptions()
    options.torrent.output.folder = "/out"
    options.session.listenAddresses = [address]
    options.torrent.sources.peers = endpoints
    options.torrent.sources.trackers = []
    change(&options)
    let world = environment(at: address, files: MemoryFileSystem())
    return TorrentDownload(torrent: torrent, options: options) { world }
  }
}
