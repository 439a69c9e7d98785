import DHT
import Demo
import Download
import Metainfo
import Networking
import Primitives
import TestSupport
import Testing

/// Downloads whose peers come from the distributed hash table, in a simulated world.
@Suite struct DHTDownloadTests {
  private static let routerAddress = IPAddress.v4(0x0A4D_0900)

  /// A world with some DHT nodes, at one of which the swarm's only seed has been announced.
  @Reactor
  private static func download(
    from swarm: SimulatedSwarm, _ change: @escaping (inout DownloadOptions) -> Void = { _ in }
  ) async throws -> DownloadSummary {
    try swarm.addSeed()
    let simulation = swarm.simulation
    let nodes = try (UInt32(0)..<10).map { number in
      let address = IPAddress.v4(0x0A4D_0900 + number)
      var options = DHTNode.Options()
      options.addresses = [address]
      options.port = 6881
      options.routers = number == 0 ? [] : ["\(routerAddress):6881"]
      return try DHTNode(
        options: options, network: simulation.network.host(address), clock: simulation.clock,
        secret: Array(0..<20), random: simulation.makeRandom())
    }
    let seedNode = try seedNode(of: swarm)
    return try await withThrowingTaskGroup(of: Void.self) { group in
      defer { for node in nodes + [seedNode] { node.stop() } }
      for node in nodes + [seedNode] { group.addTask { await node.run() } }
      await simulation.clock.sleep(for: .seconds(30))
      let announcement = PeerAnnouncement(port: 6881, isSeed: true)
      for await _ in seedNode.peers(of: swarm.torrent.infoHash, announcing: announcement) {}
      let download = swarm.download { options in
        options.peers = []
        var dht = DHTOptions()
        dht.routers = ["\(routerAddress):6881"]
        options.dht = dht
        change(&options)
      }
      return try await swarm.run(download)
    }
  }

  @Reactor
  private static func seedNode(of swarm: SimulatedSwarm) throws -> DHTNode {
    let address = try #require(swarm.endpoints.first?.address)
    var options = DHTNode.Options()
    options.addresses = [address]
    options.routers = ["\(routerAddress):6881"]
    return try DHTNode(
      options: options, network: swarm.simulation.network.host(address), clock: swarm.clock,
      secret: Array(0..<20), random: swarm.simulation.makeRandom())
  }

  @Test func aTorrentWithoutTrackersIsFetched() async throws {
    let swarm = try await SimulatedSwarm(seed: 11, size: 300_000)
    let summary = try await swarm.simulation.run { try await Self.download(from: swarm) }
    #expect(await swarm.output == swarm.content)
    #expect(summary.duration < .seconds(20))
  }

  @Test func aTorrentWithADeadTrackerIsFetchedAfterAWhile() async throws {
    let swarm = try await SimulatedSwarm(seed: 12, size: 300_000)
    let summary = try await swarm.simulation.run {
      try await Self.download(from: swarm) { $0.trackers = [["http://nowhere.example/announce"]] }
    }
    #expect(await swarm.output == swarm.content)
    #expect(summary.duration > .seconds(10))
    #expect(summary.duration < .seconds(60))
  }

  @Test func aPrivateTorrentNeverAsksTheTable() async throws {
    let swarm = try await SimulatedSwarm(seed: 13, size: 300_000) { $0.isPrivate = true }
    await #expect(throws: (any Error).self) {
      try await swarm.simulation.run(deadline: .seconds(600)) {
        try await Self.download(from: swarm)
      }
    }
    #expect(await swarm.output != swarm.content)
  }
}
