import Demo
import Download
import Primitives
import TestSupport
import Testing

/// The number of blocks that we ask a peer for, given the number that it says it queues.
@Suite(.serialized) struct RequestQueueTests {
  /// The most requests that waited at a fast and distant seed.
  private func mostWaiting(queue: Int?) async throws -> Int {
    let swarm = try await SimulatedSwarm(seed: 71, size: 1_000_000, pieceLength: 1 << 18)
    _ = try await swarm.simulation.run(deadline: .seconds(600)) {
      var behaviour = SeedBehaviour()
      behaviour.requestQueue = queue
      try swarm.addSeed(
        behaviour, host: .init(latency: .milliseconds(300), uploadRate: 4_000_000))
      return try await swarm.run(swarm.download())
    }
    return await swarm.seeds[0].tally.mostWaiting
  }

  /// The window is filled with any number of claims, even if it is deep and refilled in large
  /// steps.
  @Test func theWindowIsFilledToTheBrim() async throws {
    let swarm = try await SimulatedSwarm(seed: 72, size: 10 << 20, pieceLength: 1 << 18)
    _ = try await swarm.simulation.run(deadline: .seconds(600)) {
      var behaviour = SeedBehaviour()
      behaviour.latency = .milliseconds(50)
      try swarm.addSeed(behaviour)
      return try await swarm.run(swarm.download { $0.torrent.pipeline = 400 })
    }
    let most = await swarm.seeds[0].tally.mostWaiting
    // One of them may be on its way out.
    #expect(most >= 399)
  }

  @Test func aPeerThatQueuesFewIsAskedForFew() async throws {
    #expect(try await mostWaiting(queue: nil) > 10)
    #expect(try await mostWaiting(queue: 10) <= 10)
  }
}
