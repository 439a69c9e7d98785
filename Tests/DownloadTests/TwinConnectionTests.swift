import Demo
import Download
import Networking
import PeerWire
import Primitives
import TestSupport
import Testing

/// Two peers that dial each other at once.
@Suite struct TwinConnectionTests {
  /// The peer keeps our connection and closes its own at once, as Transmission does.
  ///
  /// By our rule the peer's own connection would stay.
  @Test func aPeerWithoutOurRuleLosesNothing() async throws {
    let swarm = try await SimulatedSwarm(seed: 640, size: 500_000)
    let time = try await swarm.simulation.run {
      let (seed, host) = try swarm.addSeed(
        host: .init(latency: .milliseconds(50), uploadRate: 200_000), idPrefix: "-TR3000-")
      let start = swarm.clock.now
      let dial = RawPeer(swarm, at: host.address, id: seed.peerID)
      return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          // Its connection is complete while ours is at work.
          await swarm.clock.sleep(for: .milliseconds(400))
          guard let transport = await dial.greet() else { return }
          await swarm.clock.sleep(for: .milliseconds(300))
          await transport.close()
        }
        _ = try await swarm.run(swarm.download { $0.session.port = 7000 })
        return swarm.clock.now - start
      }
    }
    #expect(await swarm.output == swarm.content)
    // A peer that has lost both connections is dialled again after ten seconds.
    #expect(time < .seconds(6))
    #expect(await swarm.seeds[0].tally.greetings == 1)
  }

  /// A peer with our rule gives up the same connection as we do, so one of them is left.
  @Test func twinsThatBothStayArePartedByTheRule() async throws {
    let swarm = try await SimulatedSwarm(seed: 641, size: 1_000_000)
    let connected = try await swarm.simulation.run {
      let (seed, host) = try swarm.addSeed(
        host: .init(latency: .milliseconds(50), uploadRate: 100_000))
      let dial = RawPeer(swarm, at: host.address, id: seed.peerID)
      return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          await swarm.clock.sleep(for: .milliseconds(400))
          guard let transport = await dial.greet() else { return }
          await swarm.clock.sleep(for: .seconds(60))
          await transport.close()
        }
        _ = try await swarm.run(swarm.download { $0.session.port = 7000 })
        group.cancelAll()
        return swarm.events.compactMap { event -> Int? in
          if case .progress(let progress) = event { progress.connectedPeers } else { nil }
        }
      }
    }
    #expect(await swarm.output == swarm.content)
    #expect(connected.contains(2) && connected.dropLast(2).last == 1)
  }
}
