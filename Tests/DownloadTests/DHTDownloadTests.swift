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

  /// A world with some DHT nodes, at one of which the swarm's only seed has been announced; `body`
  /// gets what a leecher needs to join.
  @Reactor
  private static func withTable<Result: Sendable>(
    _ swarm: SimulatedSwarm, nodes count: UInt32 = 10,
    _ body: (_ dht: DHTOptions) async throws -> Result
  ) async throws -> Result {
    let simulation = swarm.simulation
    let nodes = try (UInt32(0)..<count).map { number in
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
      var dht = DHTOptions()
      dht.routers = ["\(routerAddress):6881"]
      return try await body(dht)
    }
  }

  @Reactor
  private static func download(
    from swarm: SimulatedSwarm, _ change: @escaping (inout DownloadOptions) -> Void = { _ in }
  ) async throws -> DownloadSummary {
    try swarm.addSeed()
    return try await withTable(swarm) { dht in
      let download = swarm.download { options in
        options.torrent.sources.peers = []
        options.session.dht = dht
        change(&options)
      }
      return try await swarm.run(download)
    }
  }

  /// Goes from the bare info-hash to the data.
  @Reactor
  private static func fetch(from swarm: SimulatedSwarm) async throws -> DownloadSummary {
    var behaviour = SeedBehaviour()
    behaviour.metadata = .honest
    try swarm.addSeed(behaviour)
    return try await withTable(swarm) { dht in
      try await swarm.fetch {
        $0.torrent.sources.peers = []
        $0.session.dht = dht
      }
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
      try await Self.download(from: swarm) {
        $0.torrent.sources.trackers = [["http://nowhere.example/announce"]]
      }
    }
    #expect(await swarm.output == swarm.content)
    #expect(summary.duration > .seconds(10))
    #expect(summary.duration < .seconds(60))
  }

  /// Two peers that know no other node tell each other the ports of their own nodes (BEP 5).
  @Test func peersTellEachOtherOfTheirNodes() async throws {
    let swarm = try await SimulatedSwarm(seed: 14, size: 300_000)
    let other = IPAddress.v4(0x0A4D_0005)
    _ = try await swarm.simulation.run {
      try swarm.addSeed(host: .init(uploadRate: 20_000))
      var dht = DHTOptions()
      dht.routers = []
      var options = DownloadOptions()
      options.torrent.output.folder = "/out"
      options.session.listenAddresses = [other]
      options.session.port = 7000
      options.torrent.sources.trackers = []
      options.session.dht = dht
      let world = swarm.environment(at: other, files: MemoryFileSystem())
      let companion = TorrentDownload(torrent: swarm.torrent, options: options) { world }
      let download = swarm.download {
        $0.session.dht = dht
        $0.torrent.sources.peers.append(Endpoint(address: other, port: 7000))
      }
      return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { _ = try await companion.run() }
        let summary = try await swarm.run(download)
        companion.stop()
        return summary
      }
    }
    let nodes = await swarm.events.compactMap { event in
      if case .dht(let report) = event, report.state == .joined { report.nodes } else { nil }
    }
    #expect(nodes == [1])
  }

  /// A seed joins the table only to be found, and only if no tracker tells of it.
  @Test(arguments: [true, false])
  func aSeedTellsTheTableWhereItIsUnlessATrackerDoes(trackerWorks: Bool) async throws {
    let swarm = try await SimulatedSwarm(seed: 15, size: 100_000)
    let tracker = await swarm.addTracker()
    let states = try await swarm.simulation.run { () -> [DHTReport.State] in
      tracker.isBroken = !trackerWorks
      swarm.files.put("data.bin", swarm.content)
      let seed = swarm.download { options in
        options.torrent.content.seedsOnly = true
        options.torrent.limits.seedTime = .seconds(60)
        options.torrent.sources.trackers = [[SimulatedSwarm.trackerURL]]
        options.session.dht = DHTOptions()
        options.session.dht?.routers = []
      }
      _ = try await swarm.run(seed)
      return swarm.events.compactMap { if case .dht(let report) = $0 { report.state } else { nil } }
    }
    #expect(states == (trackerWorks ? [] : [.joining]))
  }

  /// A router is not counted among the nodes that we know, but its answer counts.
  @Test func whoFindsAPeerHasJoined() async throws {
    let swarm = try await SimulatedSwarm(seed: 18, size: 300_000)
    _ = try await swarm.simulation.run {
      try swarm.addSeed()
      return try await Self.withTable(swarm, nodes: 1) { dht in
        let download = swarm.download {
          $0.torrent.sources.peers = []
          $0.session.dht = dht
        }
        return try await swarm.run(download)
      }
    }
    let states = await swarm.events.compactMap { event in
      if case .dht(let report) = event { report.state } else { nil }
    }
    #expect(states.prefix(2) == [.joining, .joined])
  }

  @Test func anInfoHashAloneIsEnough() async throws {
    let swarm = try await SimulatedSwarm(seed: 16, size: 300_000)
    let summary = try await swarm.simulation.run { try await Self.fetch(from: swarm) }
    #expect(await swarm.output == swarm.content)
    #expect(summary.duration < .seconds(20))
    #expect(summary.progress.sources.map(\.source) == [.dht])
    #expect(await swarm.greetings == [1])
  }

  /// Only the metadata shows that the torrent is private; the peers from the table are dropped
  /// then.
  @Test func aPrivateTorrentThatTheTableFoundIsNotFetchedFromThere() async throws {
    let swarm = try await SimulatedSwarm(seed: 17, size: 300_000) { $0.isPrivate = true }
    let error = try await swarm.simulation.run {
      await #expect(throws: DownloadError.self) { try await Self.fetch(from: swarm) }
    }
    #expect(error == .noPeerSource)
    #expect(await swarm.metadataRequests == [1])
    #expect(await swarm.seeds[0].tally.servedBytes == 0)
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
