import Demo
import Download
import Metainfo
import Networking
import Primitives
import TestSupport
import Testing

/// The end of a run is told to trackers, and no tracker can hold it up.
@Suite(.serialized) struct FarewellTests {
  @Test func aCancelledTaskSaysGoodByeAndKeepsItsProgress() async throws {
    let swarm = try await SimulatedSwarm(seed: 241, size: 4_000_000)
    let events = try await swarm.simulation.run { () async throws -> [String] in
      try swarm.addSeed(host: .init(uploadRate: 200_000))
      let tracker = swarm.addTracker()
      let download = swarm.download { $0.torrent.sources.trackers = [[SimulatedSwarm.trackerURL]] }
      let error = await withTaskGroup(of: DownloadError?.self) { group in
        for seed in swarm.seeds {
          group.addTask {
            await seed.run()
            return nil
          }
        }
        group.addTask { await swarm.ending(of: download) }
        await swarm.clock.sleep(for: .seconds(8))
        group.cancelAll()
        var error: DownloadError?
        for await ending in group { error = ending ?? error }
        return error
      }
      #expect(error == .cancelled)
      return tracker.events
    }
    #expect(events == ["started", "stopped"])
    #expect(swarm.files.paths.contains("data.bin.swift-torrent"))
  }

  @Test func aTrackerThatHangsAtTheEndIsNotWaitedForLong() async throws {
    let swarm = try await SimulatedSwarm(seed: 242, size: 500_000)
    let (duration, exchange, events) = try await swarm.simulation.run {
      () async throws -> (Duration, Duration, [String]) in
      try swarm.addSeed()
      let tracker = swarm.addTracker()
      tracker.hangsFrom = 1
      let summary = try await swarm.run(
        swarm.download { $0.torrent.sources.trackers = [[SimulatedSwarm.trackerURL]] })
      return (summary.duration, summary.progress.exchangeTime, tracker.events)
    }
    #expect(events.prefix(2) == ["started", "completed"])
    #expect(duration - exchange < .milliseconds(250))
  }

  @Test func aTrackerThatAnswersHearsThatTheDownloadIsComplete() async throws {
    let swarm = try await SimulatedSwarm(seed: 243, size: 500_000)
    let events = try await swarm.simulation.run { () async throws -> [String] in
      try swarm.addSeed()
      let tracker = swarm.addTracker()
      tracker.delay = .milliseconds(400)
      _ = try await swarm.run(
        swarm.download { $0.torrent.sources.trackers = [[SimulatedSwarm.trackerURL]] })
      return tracker.events
    }
    #expect(events == ["started", "completed", "stopped"])
  }
}

extension SimulatedSwarm {
  /// Runs a download to its end, then stops the seeds; returns the error that ended it.
  func ending(of download: TorrentDownload) async -> DownloadError? {
    defer { for seed in seeds { seed.stop() } }
    do throws(DownloadError) {
      _ = try await download.run()
      return nil
    } catch {
      return error
    }
  }
}
