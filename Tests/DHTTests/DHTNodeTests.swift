import DHT
import Networking
import Primitives
import TestSupport
import Testing

/// Nodes with sockets, in simulated time.
@Suite struct DHTNodeTests {
  @Reactor
  private static func node(
    _ number: UInt32, in simulation: Simulation, routers: [String] = ["router.example:6881"]
  ) throws -> DHTNode {
    let address = IPAddress.v4(0x0B00_0001 + number << 8)
    var options = DHTNode.Options()
    options.addresses = [address]
    options.port = 6881
    options.routers = routers
    return try DHTNode(
      options: options, network: simulation.network.host(address), clock: simulation.clock,
      secret: Array(0..<20), random: simulation.makeRandom())
  }

  private static func hash() throws -> InfoHash {
    try #require(InfoHash(Array(repeating: 7, count: 20)))
  }

  @Reactor
  private static func found(_ stream: AsyncStream<[Endpoint]>) async -> Set<Endpoint> {
    var found: Set<Endpoint> = []
    for await peers in stream { found.formUnion(peers) }
    return found
  }

  @Reactor
  private static func stop(_ node: DHTNode, after delay: Duration, _ clock: SimulatedClock) async {
    await clock.sleep(for: delay)
    node.stop()
  }

  @Test func whatOneAnnouncesAnotherFinds() async throws {
    let simulation = await Simulation(seed: 1)
    let hash = try Self.hash()
    let found = try await simulation.run { () -> Set<Endpoint> in
      simulation.network.setName("router.example", to: [.v4(0x0B00_0001)])
      let nodes = try (UInt32(0)..<12).map { try Self.node($0, in: simulation) }
      return await withTaskGroup(of: Void.self) { group in
        for node in nodes { group.addTask { await node.run() } }
        await simulation.clock.sleep(for: .seconds(30))
        _ = await Self.found(
          nodes[3].peers(of: hash, announcing: PeerAnnouncement(port: 7000, isSeed: false)))
        let found = await Self.found(nodes[9].peers(of: hash))
        #expect(nodes.dropFirst().allSatisfy { $0.nodeCount >= 8 })
        for node in nodes { node.stop() }
        return found
      }
    }
    #expect(found == [Endpoint(address: .v4(0x0B00_0301), port: 7000)])
  }

  @Test func aRouterThatIsUnknownAtFirstIsAskedForAgain() async throws {
    let simulation = await Simulation(seed: 2)
    let count = try await simulation.run { () -> Int in
      let (router, node) = (
        try Self.node(0, in: simulation, routers: []), try Self.node(1, in: simulation)
      )
      return await withTaskGroup(of: Void.self) { group in
        for node in [router, node] { group.addTask { await node.run() } }
        await simulation.clock.sleep(for: .seconds(20))
        simulation.network.setName("router.example", to: [.v4(0x0B00_0001)])
        await simulation.clock.sleep(for: .seconds(60))
        for node in [router, node] { node.stop() }
        return router.nodeCount
      }
    }
    #expect(count == 1)
  }

  @Test func searchesEndWithTheNode() async throws {
    let simulation = await Simulation(seed: 3)
    let hash = try Self.hash()
    let found = try await simulation.run { () -> Set<Endpoint> in
      let node = try Self.node(1, in: simulation, routers: [])
      // Nobody is there, so the search waits until it is given up.
      return await withTaskGroup(of: Void.self) { group in
        group.addTask { await node.run() }
        node.add(router: Endpoint(address: .v4(0x0B00_0901), port: 1))
        let stream = node.peers(of: hash)
        group.addTask { await Self.stop(node, after: .seconds(1), simulation.clock) }
        return await Self.found(stream)
      }
    }
    #expect(found.isEmpty)
  }
}
