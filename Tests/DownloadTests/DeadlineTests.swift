import Demo
import Download
import Metainfo
import Networking
import Primitives
import TestSupport
import Testing

/// Nothing hangs for ever: each deadline ends the run with its own reason, and keeps what is there.
@Suite(.serialized) struct DeadlineTests {
  /// The error that ended a run, and the time that the run took.
  struct Ending: Sendable {
    let error: DownloadError?
    let time: Duration
  }

  private func ending(
    seed: UInt64, size: Int = 2_000_000,
    prepare: @escaping @Sendable @Reactor (SimulatedSwarm) throws -> Void = { _ in },
    _ change: @escaping @Sendable @Reactor (inout DownloadOptions) -> Void
  ) async throws -> (Ending, SimulatedSwarm) {
    let swarm = try await SimulatedSwarm(seed: seed, size: size)
    let ending = try await swarm.simulation.run {
      try prepare(swarm)
      let start = swarm.clock.now
      do throws(DownloadError) {
        _ = try await swarm.run(swarm.download(change))
        return Ending(error: nil, time: swarm.clock.now - start)
      } catch {
        return Ending(error: error, time: swarm.clock.now - start)
      }
    }
    return (ending, swarm)
  }

  @Test func theWholeRunHasItsTimeAndKeepsWhatItHas() async throws {
    let (ending, swarm) = try await ending(seed: 201) { swarm in
      try swarm.addSeed(host: .init(uploadRate: 100_000))
    } _: {
      $0.torrent.limits.deadlines.total = .seconds(10)
    }
    #expect(ending.error == .deadlinePassed(.seconds(10)))
    #expect(ending.time >= .seconds(10) && ending.time < .seconds(11))
    let paths = swarm.files.paths
    #expect(paths.contains("data.bin.swift-torrent"))
  }

  @Test func aRunThatIsDoneInTimeIsNotTouchedByTheDeadline() async throws {
    let (ending, _) = try await ending(seed: 202) { swarm in
      try swarm.addSeed(host: .init(uploadRate: 400_000))
    } _: {
      $0.torrent.limits.deadlines.total = .seconds(20)
      $0.torrent.limits.deadlines.minimumSpeed = SpeedFloor(
        bytesPerSecond: 300_000, duration: .seconds(2))
    }
    #expect(ending.error == nil)
  }

  @Test func peersThatBringNothingAreAStall() async throws {
    let (ending, _) = try await ending(seed: 203) { swarm in
      var stalling = SeedBehaviour()
      stalling.stallsAfter = 300_000
      stalling.keepsAlive = true
      try swarm.addSeed(stalling)
    } _: {
      $0.torrent.limits.deadlines.stall = .seconds(60)
    }
    #expect(ending.error == .stalled(.seconds(60)))
    #expect(ending.time >= .seconds(60) && ending.time < .seconds(64))
  }

  @Test func corruptDataForEverEndsAsWell() async throws {
    let (ending, _) = try await ending(seed: 204) { swarm in
      var lying = SeedBehaviour()
      lying.corruption = .everyBlock
      try swarm.addSeed(lying)
    } _: { _ in
    }
    #expect(ending.error == .noPeers(.seconds(300)))
  }

  @Test func aTrackerWithoutPeersIsNoNetworkFailure() async throws {
    let (ending, swarm) = try await ending(seed: 205) { swarm in
      _ = swarm.addTracker()
    } _: {
      $0.torrent.sources.trackers = [[SimulatedSwarm.trackerURL]]
    }
    #expect(ending.error == .noPeers(.seconds(300)))
    #expect(ending.time >= .seconds(300) && ending.time < .seconds(303))
    let tracker = await swarm.http as? SimulatedTracker
    // The tracker was asked every few seconds, and told at the end.
    let events = await tracker?.events ?? []
    #expect(events.count > 40)
    #expect(events.last == "stopped")
  }

  @Test func whenNobodyAnswersTheNetworkIsToBlame() async throws {
    let (ending, _) = try await ending(seed: 206) { swarm in
      swarm.addTracker().isBroken = true
    } _: {
      $0.torrent.sources.trackers = [[SimulatedSwarm.trackerURL]]
      $0.torrent.sources.peers = [Endpoint(address: .v4(0x0A4D_0300), port: 6881)]
      $0.torrent.limits.deadlines.peers = .seconds(30)
    }
    #expect(ending.error == .networkFailure(.seconds(30)))
  }

  @Test func theTimeWithoutPeersCountsFromTheLastOne() async throws {
    let (ending, _) = try await ending(seed: 207) { swarm in
      let (_, host) = try swarm.addSeed(host: .init(uploadRate: 20_000))
      _ = swarm.clock.schedule(at: swarm.clock.now + .seconds(40)) { host.disappear() }
    } _: {
      $0.torrent.limits.deadlines.peers = .seconds(30)
    }
    #expect(ending.error == .noPeers(.seconds(30)))
    #expect(ending.time >= .seconds(69) && ending.time < .seconds(75))
  }

  @Test func withNobodyToAskTheRunEndsAtOnce() async throws {
    let (ending, _) = try await ending(seed: 208) { _ in }
    #expect(ending.error == .noPeerSource)
    #expect(ending.time < .seconds(1))
  }

  @Test func aPortThatPeersMayKnowIsWaitedAt() async throws {
    let (ending, _) = try await ending(seed: 209) { $0.session.port = 7000 }
    #expect(ending.error == .networkFailure(.seconds(300)))
  }

  @Test func whatIsTooSlowEndsAfterItsStretch() async throws {
    let (ending, _) = try await ending(seed: 210) { swarm in
      let (_, host) = try swarm.addSeed(host: .init(uploadRate: 200_000))
      _ = swarm.clock.schedule(at: swarm.clock.now + .seconds(5)) {
        host.options.uploadRate = 20_000
      }
    } _: {
      $0.torrent.limits.deadlines.minimumSpeed = SpeedFloor(
        bytesPerSecond: 100_000, duration: .seconds(4))
    }
    guard case .tooSlow(let rate, let floor) = ending.error else {
      Issue.record("ended in \(String(describing: ending.error))")
      return
    }
    #expect(rate < 100_000 && rate > 20_000)
    #expect(floor.duration == .seconds(4))
    // Two or three of the four seconds have to be slow ones.
    #expect(ending.time > .seconds(6) && ending.time < .seconds(9))
  }

  @Test func zeroIsNever() async throws {
    let (ending, swarm) = try await ending(seed: 211, size: 500_000) { swarm in
      let (_, host) = try swarm.addSeed()
      host.disappear()
      _ = swarm.clock.schedule(at: swarm.clock.now + .seconds(3600)) { host.appear() }
    } _: {
      $0.torrent.limits.deadlines.peers = .zero
      $0.torrent.limits.deadlines.stall = nil
      $0.torrent.limits.deadlines.total = .zero
    }
    #expect(ending.error == nil)
    // A peer that the user has named is not given up, so it is found soon after it has come back.
    #expect(ending.time < .seconds(3615))
    let output = await swarm.output
    #expect(output == swarm.content)
  }
}
