import Demo
import Metainfo
import Networking
import Primitives
import TestSupport
import Testing

@testable import Download

/// A download that goes on serving ends when it has given enough.
@Suite(.serialized) struct SeedingGoalTests {
  private static let place = IPAddress.v4(0x0A4D_0030)

  private func goal(ratio: Double?, time: Duration?) -> SeedingGoal? {
    var options = DownloadOptions()
    options.torrent.limits.seedRatio = ratio
    options.torrent.limits.seedTime = time
    return SeedingGoal(options.torrent)
  }

  @Test func whicheverComesFirstIsEnough() throws {
    let both = try #require(goal(ratio: 1.5, time: .seconds(60)))
    #expect(!both.isReached(shareRatio: 1.4, after: .seconds(59)))
    #expect(both.isReached(shareRatio: 1.5, after: .zero))
    #expect(both.isReached(shareRatio: 0, after: .seconds(60)))
    let ratio = try #require(goal(ratio: 0.5, time: nil))
    #expect(!ratio.isReached(shareRatio: 0.4, after: .seconds(1_000_000)))
  }

  @Test func noGoalOrOneThatIsReachedAlreadyMeansNoServing() {
    #expect(goal(ratio: nil, time: nil) == nil)
    #expect(goal(ratio: 0, time: .seconds(60)) == nil)
    #expect(goal(ratio: .nan, time: nil) == nil)
    #expect(goal(ratio: 1, time: .zero) == nil)
  }

  @Test func aDownloadServesForItsTimeAndEndsWell() async throws {
    let swarm = try await SimulatedSwarm(seed: 221, size: 500_000)
    let summary = try await swarm.simulation.run {
      try swarm.addSeed()
      return try await swarm.run(
        swarm.download {
          $0.torrent.limits.seedTime = .seconds(60)
          $0.torrent.limits.deadlines.total = .seconds(30)
          $0.torrent.limits.deadlines.peers = .seconds(20)
        })
    }
    #expect(summary.seedingTime >= .seconds(60) && summary.seedingTime < .seconds(62))
    #expect(summary.progress.exchangeTime < .seconds(5))
    let names = await swarm.eventNames
    #expect(names.suffix(3).last == "progress" && names.count { $0 == "completed" } == 1)
    let completed = try #require(names.firstIndex(of: "completed"))
    #expect(names.firstIndex(of: "seeding") == completed + 1)
    #expect(swarm.files.paths == ["data.bin"])
  }

  @Test func aDownloadServesUntilItHasGivenItsShare() async throws {
    let swarm = try await SimulatedSwarm(seed: 222, size: 2_000_000)
    let (summary, served) = try await swarm.simulation.run {
      () async throws -> (DownloadSummary, Int64) in
      let (seed, _) = try swarm.addSeed(host: .init(uploadRate: 1_000_000))
      let first = swarm.otherDownload(at: Self.place) {
        $0.session.port = 7000
        $0.torrent.limits.seedRatio = 0.9
      }
      let summary = try await swarm.leechAfter(first)
      return (summary, seed.tally.servedBytes)
    }
    let output = await swarm.output
    #expect(output == swarm.content)
    #expect(summary.progress.shareRatio >= 0.9 && summary.progress.shareRatio < 1.3)
    #expect(summary.seedingTime > .zero)
    #expect(served < 2_600_000)
  }

  @Test func whoStopsARunThatServesHasCompleteData() async throws {
    let swarm = try await SimulatedSwarm(seed: 223, size: 500_000)
    let summary = try await swarm.simulation.run {
      try swarm.addSeed()
      let download = swarm.download { $0.torrent.limits.seedTime = .seconds(3600) }
      _ = swarm.clock.schedule(at: swarm.clock.now + .seconds(100)) { download.stop() }
      return try await swarm.run(download)
    }
    #expect(summary.seedingTime > .seconds(90) && summary.seedingTime < .seconds(101))
    #expect(summary.progress.verifiedPieces == summary.progress.pieceCount)
  }

  @Test func aSeedEndsAtItsGoal() async throws {
    let swarm = try await SimulatedSwarm(seed: 224, size: 500_000)
    let time = try await swarm.simulation.run { () async throws -> Duration in
      let files = MemoryFileSystem()
      try await swarm.fill(files)
      var options = DownloadOptions()
      options.torrent.output.folder = "/out"
      options.session.listenAddresses = [Self.place]
      options.torrent.sources.trackers = []
      options.torrent.content.seedsOnly = true
      options.torrent.limits.seedTime = .seconds(30)
      let world = swarm.environment(at: Self.place, files: files)
      let set = options
      return try await TorrentDownload(torrent: swarm.torrent, options: set) { world }.run()
        .duration
    }
    #expect(time >= .seconds(30) && time < .seconds(32))
  }
}

extension SimulatedSwarm {
  /// The kinds of events, in order.
  var eventNames: [String] {
    events.map { String("\($0)".prefix { $0 != "(" }) }
  }

  /// Runs a first download beside the seeds and, once it serves, a second one that only knows it;
  /// returns the summary of the first.
  func leechAfter(_ first: TorrentDownload) async throws -> DownloadSummary {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for seed in seeds { group.addTask { await seed.run() } }
      async let summary = first.run()
      for await event in first.events {
        if case .seeding = event { break }
      }
      for seed in seeds { seed.stop() }
      let place = Endpoint(address: .v4(0x0A4D_0030), port: 7000)
      _ = try await download { $0.torrent.sources.peers = [place] }.run()
      return try await summary
    }
  }
}
