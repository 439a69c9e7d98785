import HTTP
import Networking
import Primitives
import TestSupport
import Testing

@testable import Tracker

/// Our client and trackers of UDP, in simulated time.
@Suite(.timeLimit(.minutes(5))) struct UDPTrackerClientTests {
  private static let trackerAddress = IPAddress.v4(0x0A00_0001)
  private static let trackerAddress6 = IPAddress.v6(high: 0xFD00 << 48, low: 1)
  private static let clientAddress = IPAddress.v4(0x0A00_0002)
  private static let clientAddress6 = IPAddress.v6(high: 0xFD00 << 48, low: 2)

  /// A world with a tracker and a client that have both families.
  @Reactor private struct World {
    let simulation: Simulation
    /// The tracker's hosts, one for each family.
    let trackers: [SimulatedHost]
    let host: SimulatedHost
    let client: UDPTrackerClient

    init(seed: UInt64 = 1, conditions: DatagramConditions = DatagramConditions()) {
      let simulation = Simulation(seed: seed)
      self.simulation = simulation
      simulation.network.datagrams = conditions
      trackers = [trackerAddress, trackerAddress6].map { simulation.network.host($0) }
      host = simulation.network.host(clientAddress)
      simulation.network.add(clientAddress6, to: host)
      simulation.network.setName("both.example", to: [trackerAddress6, trackerAddress])
      simulation.network.setName("four.example", to: [trackerAddress])
      client = UDPTrackerClient(
        network: host, clock: simulation.clock, random: simulation.makeRandom())
    }

    func server(at address: IPAddress) throws -> TrackerServer {
      try TrackerServer(
        listen: Endpoint(address: address, port: 6969),
        network: trackers[address.isIPv6 ? 1 : 0], clock: simulation.clock,
        random: simulation.makeRandom())
    }

    var elapsed: Duration { simulation.clock.now - SimulatedClock.origin }
  }

  private func request(_ peer: UInt8, event: AnnounceEvent? = .started) throws -> AnnounceRequest {
    AnnounceRequest(
      infoHash: try #require(InfoHash((0..<20).map { $0 })),
      peerID: try #require(PeerID(repeatElement(peer, count: 20))), port: 1000 + UInt16(peer),
      totals: TransferTotals(uploaded: 0, downloaded: 0, left: 10), event: event, key: 1)
  }

  /// Announces; returns the peers of each reply, in the order of the replies.
  @Reactor private func announce(
    _ request: AnnounceRequest, to host: String, with client: UDPTrackerClient
  ) async throws -> [[Endpoint]] {
    var replies: [[Endpoint]] = []
    try await client.announce(
      request, to: TrackerURL("udp://\(host):6969/announce"), timeout: .seconds(30)
    ) { replies.append($0.peers) }
    return replies
  }

  @Test @Reactor func bothFamiliesAreAnnounced() async throws {
    let world = World()
    let counts = try await world.simulation.run {
      let servers = [
        try world.server(at: Self.trackerAddress), try world.server(at: Self.trackerAddress6),
      ]
      return try await withThrowingTaskGroup(of: Void.self) { group in
        for server in servers { group.addTask { await server.run() } }
        defer { for server in servers { server.stop() } }
        _ = try await announce(request(1), to: "both.example", with: world.client)
        // The second announce has another port and peer id, so that it sees the first peer.
        let second = try await announce(request(2), to: "both.example", with: world.client)
        return second.flatMap { $0 }.map(\.address.isIPv6)
      }
    }
    #expect(counts.sorted { !$0 && $1 } == [false, true])
    #expect(world.elapsed < .seconds(1))
  }

  @Test @Reactor func aFamilyThatIsSilentHoldsUpNoPeersAndIsGivenUpSoon() async throws {
    let world = World()
    let (replies, firstAfter) = try await world.simulation.run {
      let server = try world.server(at: Self.trackerAddress)
      return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await server.run() }
        defer { server.stop() }
        var times: [Duration] = []
        let url = try TrackerURL("udp://both.example:6969/announce")
        try await world.client.announce(request(1), to: url, timeout: .seconds(30)) { _ in
          times.append(world.elapsed)
        }
        return (times.count, times.first ?? .zero)
      }
    }
    #expect(replies == 1)
    #expect(firstAfter < .seconds(1))
    #expect(world.elapsed < .seconds(6))
  }

  @Test @Reactor func theFarewellGoesWhereSomebodyAnswered() async throws {
    let world = World()
    try await world.simulation.run {
      let server = try world.server(at: Self.trackerAddress)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await server.run() }
        defer { server.stop() }
        _ = try await announce(request(1), to: "both.example", with: world.client)
        let before = world.elapsed
        _ = try await announce(
          request(1, event: .stopped), to: "both.example", with: world.client)
        #expect(world.elapsed - before < .milliseconds(200))
      }
    }
  }

  /// A tracker's answer for one torrent says nothing about another's announce.
  @Test @Reactor func torrentsThatShareAClientSayTheirOwnFarewells() async throws {
    let world = World()
    try await world.simulation.run {
      let server = try world.server(at: Self.trackerAddress)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await server.run() }
        defer { server.stop() }
        _ = try await announce(request(1), to: "both.example", with: world.client)
        var other = try request(2, event: .stopped)
        other.infoHash = try #require(InfoHash(repeatElement(7, count: 20)))
        var before = world.elapsed
        _ = try await announce(other, to: "both.example", with: world.client)
        // The other torrent was never announced, so both families are asked, of which one is
        // silent.
        #expect(world.elapsed - before > .seconds(4))
        before = world.elapsed
        _ = try await announce(
          request(1, event: .stopped), to: "both.example", with: world.client)
        #expect(world.elapsed - before < .milliseconds(200))
      }
    }
  }

  @Test @Reactor func lossAndDisorderAreOvercome() async throws {
    var conditions = DatagramConditions()
    conditions.loss = 0.3
    conditions.duplication = 0.2
    conditions.jitter = .milliseconds(500)
    var failures = 0
    for seed in 0..<40 {
      let world = World(seed: UInt64(seed), conditions: conditions)
      failures += try await world.simulation.run {
        let server = try world.server(at: Self.trackerAddress)
        return await withTaskGroup(of: Void.self) { group in
          group.addTask { await server.run() }
          defer { server.stop() }
          do {
            let replies = try await announce(request(1), to: "four.example", with: world.client)
            return replies.count == 1 ? 0 : 1
          } catch {
            return 1
          }
        }
      }
    }
    // Half of the round trips fail, and in 30 seconds there are eight of them at most.
    #expect(failures <= 8)
  }

  @Test @Reactor func aDeadTrackerFailsWhenItsTimeIsUp() async throws {
    let world = World()
    await #expect(throws: TrackerError.unreachable("it did not answer in time")) {
      try await world.simulation.run {
        _ = try await announce(request(1), to: "four.example", with: world.client)
      }
    }
    #expect(world.elapsed == .seconds(30))
  }

  @Test @Reactor func aNameThatNobodyKnowsIsAnError() async throws {
    let world = World()
    await #expect(
      throws: TrackerError.unreachable("the host name nowhere.example cannot be resolved")
    ) {
      try await world.simulation.run {
        _ = try await announce(request(1), to: "nowhere.example", with: world.client)
      }
    }
  }

  @Test @Reactor func cancellationEndsAQuestion() async throws {
    let world = World()
    let wasCancelled = try await world.simulation.run {
      try await withThrowingTaskGroup(of: Bool.self) { group in
        let first = try request(1)
        group.addTask {
          do {
            _ = try await announce(first, to: "four.example", with: world.client)
            return false
          } catch {
            return true
          }
        }
        await world.simulation.clock.sleep(for: .seconds(1))
        group.cancelAll()
        return try await group.next()
      }
    }
    #expect(wasCancelled == true)
    #expect(world.elapsed == .seconds(1))
  }

  @Test @Reactor func manyTorrentsAreScrapedInParts() async throws {
    let world = World()
    let hashes = try (0..<200).map {
      try #require(InfoHash(repeatElement(UInt8($0), count: 20)))
    }
    let reply = try await world.simulation.run {
      let server = try world.server(at: Self.trackerAddress)
      return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await server.run() }
        defer { server.stop() }
        var announced = try request(1)
        announced.infoHash = hashes[150]
        try await world.client.announce(
          announced, to: TrackerURL("udp://four.example:6969"), timeout: .seconds(30)
        ) { _ in }
        return try await world.client.scrape(
          hashes, of: TrackerURL("udp://four.example:6969"), timeout: .seconds(30))
      }
    }
    #expect(reply.torrents.count == 200)
    #expect(
      reply.torrents[hashes[150].bytes] == .init(seeders: 0, leechers: 1, downloaded: 0))
  }

  @Test @Reactor func strangersWhoFloodDoNotStopTheAnswer() async throws {
    let world = World()
    let replies = try await world.simulation.run {
      let server = try world.server(at: Self.trackerAddress)
      let stranger = try world.simulation.network.host(.v4(0x0A00_0009))
        .bindDatagrams(at: Endpoint(address: .any4, port: 6969))
      return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await server.run() }
        group.addTask { await Self.flood(Self.clientAddress, by: stranger) }
        defer { server.stop() }
        return try await announce(request(1), to: "four.example", with: world.client)
      }
    }
    #expect(replies == [[]])
  }

  /// Sends many datagrams that claim to be answers to a client's first port.
  @Reactor private static func flood(_ victim: IPAddress, by stranger: any DatagramSocket) {
    for number in 0..<5000 {
      var bytes: [UInt8] = [0, 0, 0, UInt8(number % 4)]
      bytes.appendBigEndian(UInt32(truncatingIfNeeded: number))
      stranger.send(
        bytes + Array(repeating: 1, count: 40), to: Endpoint(address: victim, port: 49152))
    }
  }
}
