import Demo
import Download
import Networking
import Primitives
import TestSupport
import Testing

/// Blocks that nobody asked for: they do not count, and do not get in the way.
@Suite(.serialized) struct UnrequestedBlockTests {
  @Test func aStrangerThatSendsThemHoldsUpNothing() async throws {
    let size = 4_000_000
    let swarm = try await SimulatedSwarm(seed: 91, size: size)
    let (summary, sent) = try await swarm.simulation.run(deadline: .seconds(600)) {
      try swarm.addSeed(host: .init(uploadRate: 200_000))
      let stranger = RawPeer(swarm, at: .v4(0x0A4D_0200), id: nil)
      return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          await stranger.sendUnrequestedBlocks(every: .milliseconds(100), perConnection: 15)
        }
        let summary = try await swarm.run(swarm.download { $0.session.port = 7000 })
        group.cancelAll()
        return (summary, stranger.sentBlocks)
      }
    }
    let output = await swarm.output
    #expect(output == swarm.content)
    #expect(sent > 100)
    #expect(summary.duration < .seconds(22), "20 s without the stranger")
    #expect(summary.progress.failedPieces == 0)
    #expect(summary.bannedPeers.isEmpty)
    // The seed's blocks count, and nothing of the stranger's.
    #expect(summary.progress.downloadedBytes == Int64(size))
    #expect(summary.progress.wastedBytes == 0)
  }

  @Test func aPeerThatSendsManyIsSentAway() async throws {
    let swarm = try await SimulatedSwarm(seed: 92, size: 1_000_000)
    let sent = try await swarm.simulation.run(deadline: .seconds(600)) {
      try swarm.addSeed(host: .init(uploadRate: 50_000))
      let stranger = RawPeer(swarm, at: .v4(0x0A4D_0200), id: nil)
      return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          await stranger.sendUnrequestedBlocks(every: .milliseconds(500), perConnection: 1000)
        }
        _ = try await swarm.run(swarm.download { $0.session.port = 7000 })
        group.cancelAll()
        return stranger.sentBlocks
      }
    }
    let reasons = await swarm.events.compactMap { event in
      if case .peerDisconnected(_, let reason) = event { reason } else { nil }
    }
    #expect(sent > 17)
    #expect(reasons.contains { $0.hasSuffix("was not requested") })
  }

  /// A peer whose request we have cancelled may have sent the block already.
  @Test func aBlockThatCrossesACancelIsNoOffence() async throws {
    let swarm = try await SimulatedSwarm(seed: 93, size: 4_000_000)
    _ = try await swarm.simulation.run(deadline: .seconds(600)) {
      for _ in 0..<6 {
        try swarm.addSeed(host: .init(latency: .milliseconds(200), uploadRate: 30_000))
      }
      try swarm.addSeed(host: .init(uploadRate: 1_000_000))
      return try await swarm.run(swarm.download())
    }
    let reasons = await swarm.events.compactMap { event in
      if case .peerDisconnected(_, let reason) = event { reason } else { nil }
    }
    #expect(!reasons.contains { $0.contains("requested") }, "\(reasons)")
    let output = await swarm.output
    #expect(output == swarm.content)
  }
}
