import Demo
import Download
import Metainfo
import Networking
import PeerWire
import Primitives
import TestSupport
import Testing

/// Magnet links: from the hash to the torrent, and on to its data.
@Suite(.serialized) struct MetadataFetchTests {
  private static func seed(_ metadata: SeedBehaviour.Metadata = .honest) -> SeedBehaviour {
    var behaviour = SeedBehaviour()
    behaviour.metadata = metadata
    return behaviour
  }

  @Test func aTorrentIsFoundAndDownloaded() async throws {
    let swarm = try await SimulatedSwarm(seed: 601, size: 2_000_000)
    let summary = try await swarm.simulation.run {
      for _ in 0..<3 { try swarm.addSeed(Self.seed()) }
      return try await swarm.fetch()
    }
    #expect(await swarm.output == swarm.content)
    #expect(summary.bannedPeers.isEmpty)
    #expect(summary.progress.sources.map(\.source) == [.given])
    #expect(summary.progress.sources.map(\.found) == [3])
    // Nobody was dialled twice: the download goes on with the connections of the search.
    #expect(await swarm.greetings == [1, 1, 1])
  }

  /// From the link to the first block: the tracker, then one trip there and back each for the
  /// connection, the handshakes, the metadata and the block.
  @Test func theFirstPayloadComesAfterFourRoundTrips() async throws {
    let swarm = try await SimulatedSwarm(seed: 602, size: 500_000)
    let roundTrip = Duration.milliseconds(220)
    let first = try await swarm.simulation.run {
      var first: Instant?
      let (seed, _) = try swarm.addSeed(Self.seed(), host: .init(latency: .milliseconds(100)))
      let blocks = ServedBlocks { _ in first = first ?? swarm.clock.now }
      defer { withExtendedLifetime(blocks) {} }
      seed.audience = blocks
      let tracker = swarm.addTracker()
      let start = swarm.clock.now
      _ = try await swarm.fetch {
        $0.torrent.sources.peers = []
        $0.torrent.sources.trackers = [[SimulatedSwarm.trackerURL]]
      }
      #expect(tracker.events == ["started", "completed", "stopped"])
      return try #require(first) - start - tracker.delay
    }
    // The seed sends the block half a trip before it is here.
    #expect(first >= roundTrip * 3)
    #expect(first <= roundTrip * 3.5 + .milliseconds(20))
  }

  /// Some pieces are there already, but no peer is dialled anew to be told of them.
  @Test func theFirstPayloadComesAsSoonAfterAResume() async throws {
    let swarm = try await SimulatedSwarm(seed: 603, size: 500_000)
    let roundTrip = Duration.milliseconds(220)
    let (first, greetings) = try await swarm.simulation.run {
      try swarm.addSeed(Self.seed(), host: .init(latency: .milliseconds(100), uploadRate: 100_000))
      let search = swarm.search { $0.torrent.limits.deadlines.total = .seconds(4) }
      await #expect(throws: DownloadError.deadlinePassed(.seconds(4))) {
        try await swarm.run(search)
      }
      let (seed, _) = try swarm.addSeed(Self.seed(), host: .init(latency: .milliseconds(100)))
      var first: Instant?
      let blocks = ServedBlocks { _ in first = first ?? swarm.clock.now }
      defer { withExtendedLifetime(blocks) {} }
      seed.audience = blocks
      let start = swarm.clock.now
      let peer = seed.endpoint
      _ = try await swarm.fetch { $0.torrent.sources.peers = [peer] }
      return (try #require(first) - start, seed.tally.greetings)
    }
    #expect(await swarm.output == swarm.content)
    let checked = await swarm.events.contains { event in
      if case .checked(let bytes) = event { bytes > 0 } else { false }
    }
    #expect(checked, "some pieces were there")
    #expect(greetings == 1)
    #expect(first <= roundTrip * 3.5 + .milliseconds(20))
  }

  @Test func aLongOneComesFromSeveralPeers() async throws {
    let swarm = try await SimulatedSwarm(seed: 603, size: 400_000, pieceLength: 16384) { builder in
      for number in 0..<3000 {
        builder.addFile(
          path: ["a folder with a name", "file \(number)"], length: number < 1 ? 400_000 : 0)
      }
    }
    let pieces = MetadataMessage.pieceCount(ofSize: swarm.torrent.info.originalBytes.count)
    #expect(pieces > 10)
    let found = try await swarm.simulation.run {
      for _ in 0..<3 { try swarm.addSeed(Self.seed()) }
      return try await swarm.find(swarm.search())
    }
    #expect(found.info.originalBytes == swarm.torrent.info.originalBytes)
    let asked = await swarm.metadataRequests
    #expect(asked.reduce(0, +) == pieces)
    #expect(asked.allSatisfy { $0 >= 2 })
  }

  @Test(arguments: [1, 2, 3])
  func aLiarCostsARoundAndIsBanned(seed: UInt64) async throws {
    let swarm = try await SimulatedSwarm(seed: 610 + seed, size: 2_000_000, pieceLength: 16384) {
      for number in 0..<2000 {
        $0.addFile(path: ["f\(number)"], length: number < 1 ? 2_000_000 : 0)
      }
    }
    let time = try await swarm.simulation.run {
      try swarm.addSeed(Self.seed(.wrong))
      for _ in 0..<3 { try swarm.addSeed(Self.seed()) }
      let start = swarm.clock.now
      let found = try await swarm.find(swarm.search())
      #expect(found.infoHash == swarm.torrent.infoHash)
      return swarm.clock.now - start
    }
    #expect(time < .seconds(5))
    let banned = await swarm.events.compactMap { event -> Endpoint? in
      if case .peerBanned(let peer, _) = event { peer } else { nil }
    }
    #expect(await banned == [swarm.endpoints[0]])
  }

  @Test func peersThatAreOfNoUseHoldUpNobody() async throws {
    let swarm = try await SimulatedSwarm(seed: 620, size: 500_000)
    let summary = try await swarm.simulation.run {
      let manners: [SeedBehaviour.Metadata] = [
        .silent, .rejecting, .claiming(-1), .claiming(0), .claiming(1 << 40),
        .claiming(MetadataAssembler.sizeLimit + 1), .claiming(MetadataAssembler.sizeLimit),
        .claiming(70_000), .claiming(50), .unknown,
      ]
      for manner in manners { try swarm.addSeed(Self.seed(manner)) }
      try swarm.addSeed(Self.seed(), host: .init(latency: .milliseconds(300)))
      return try await swarm.fetch()
    }
    #expect(await swarm.output == swarm.content)
    #expect(summary.duration < .seconds(60))
    // Lengths that nothing can have are not even asked about.
    #expect(await swarm.metadataRequests[2..<6].allSatisfy { $0 == 0 })
  }

  @Test func peersThatBreakTheProtocolHoldUpNobody() async throws {
    let swarm = try await SimulatedSwarm(seed: 627, size: 500_000)
    _ = try await swarm.simulation.run {
      for offence in SeedBehaviour.Offence.allCases {
        var behaviour = Self.seed(.silent)
        behaviour.offence = offence
        try swarm.addSeed(behaviour)
      }
      var flood = Self.seed(.silent)
      flood.exchangesPeers = true
      flood.peerMessages = Array(repeating: PexMessage().payload, count: 1000)
      try swarm.addSeed(flood)
      try swarm.addSeed(Self.seed(), host: .init(latency: .seconds(2)))
      return try await swarm.fetch()
    }
    #expect(await swarm.output == swarm.content)
    let reasons = await swarm.events.compactMap { event -> String? in
      if case .peerDisconnected(_, let reason) = event { reason } else { nil }
    }
    #expect(reasons.contains { $0.contains("messages of ut_pex come too fast") }, "\(reasons)")
    #expect(reasons.count { $0.hasPrefix("broke the protocol") } >= 4, "\(reasons)")
  }

  @Test func theTimeForTheMetadataIsBounded() async throws {
    let swarm = try await SimulatedSwarm(seed: 621, size: 500_000)
    let (error, time) = try await swarm.simulation.run {
      try swarm.addSeed(Self.seed(.silent))
      try swarm.addSeed(Self.seed(.unknown))
      let start = swarm.clock.now
      let error = await #expect(throws: DownloadError.self) {
        try await swarm.run(swarm.search { $0.torrent.limits.deadlines.metadata = .seconds(90) })
      }
      return (error, swarm.clock.now - start)
    }
    #expect(error == .noMetadata(.seconds(90)))
    #expect(time >= .seconds(90))
    #expect(time < .seconds(92))
  }

  @Test func theTimeForTheWholeRunCountsTheSearch() async throws {
    let swarm = try await SimulatedSwarm(seed: 622, size: 5_000_000)
    let (error, time) = try await swarm.simulation.run {
      var slow = Self.seed()
      slow.bytesPerSecond = 20_000
      try swarm.addSeed(slow)
      let host = swarm.simulation.network.host(swarm.endpoints[0].address)
      host.disappear()
      _ = swarm.clock.schedule(after: .seconds(30)) { host.appear() }
      let start = swarm.clock.now
      let error = await #expect(throws: DownloadError.self) {
        try await swarm.fetch { $0.torrent.limits.deadlines.total = .seconds(60) }
      }
      return (error, swarm.clock.now - start)
    }
    #expect(error == .deadlinePassed(.seconds(60)))
    #expect(time < .seconds(63))
  }

  @Test func aLinkWithNobodyToAskFailsAtOnce() async throws {
    let swarm = try await SimulatedSwarm(seed: 623, size: 500_000)
    let error = try await swarm.simulation.run {
      await #expect(throws: DownloadError.self) { try await swarm.find(swarm.search()) }
    }
    #expect(error == .noPeerSource)
  }

  @Test func aSearchCanBeStopped() async throws {
    let swarm = try await SimulatedSwarm(seed: 624, size: 500_000)
    let (error, events) = try await swarm.simulation.run {
      try swarm.addSeed(Self.seed(.silent))
      let tracker = swarm.addTracker()
      let search = swarm.search { $0.torrent.sources.trackers = [[SimulatedSwarm.trackerURL]] }
      _ = swarm.clock.schedule(after: .seconds(10)) { search.stop() }
      let error = await #expect(throws: DownloadError.self) { try await swarm.find(search) }
      return (error, tracker.events)
    }
    #expect(error == .cancelled)
    #expect(events == ["started", "stopped"])
  }

  @Test func theLinksOwnPeersAndTrackersAreAsked() async throws {
    let swarm = try await SimulatedSwarm(seed: 625, size: 500_000)
    let trackers = try await swarm.simulation.run {
      try swarm.addSeed(Self.seed())
      let peer = swarm.endpoints[0]
      let link = try MagnetLink(
        "magnet:?xt=urn:btih:\(swarm.torrent.infoHash)&x.pe=\(peer)&tr=http://10.77.9.9/announce"
          + "&ws=http://10.77.9.8/data.bin")
      let found = try await swarm.find(
        swarm.search(link) {
          $0.torrent.sources.peers = []
          $0.torrent.sources.trackers = nil
        })
      #expect(found.webSeeds == ["http://10.77.9.8/data.bin"])
      return found.trackers
    }
    #expect(trackers == [["http://10.77.9.9/announce"]])
  }

  /// A run of the engine that seeds gives the metadata as well, even to somebody who comes to it.
  @Test func aSeedOfOursGivesTheMetadata() async throws {
    let swarm = try await SimulatedSwarm(seed: 626, size: 500_000)
    _ = try await swarm.simulation.run {
      try await Self.withOwnSeed(swarm, headStart: .seconds(1)) { seed in
        try await swarm.fetch { $0.torrent.sources.peers = [seed] }
      }
    }
    #expect(await swarm.output == swarm.content)
  }

  /// When both dial at once, both keep the same one of the two connections.
  @Test(arguments: UInt64(630)..<636)
  func whoeverDialsUsWhileWeDialItIsKept(seed: UInt64) async throws {
    let swarm = try await SimulatedSwarm(seed: seed, size: 100_000)
    let time = try await swarm.simulation.run {
      let start = swarm.clock.now
      let own = Endpoint(address: SimulatedSwarm.leecherAddress, port: 7001)
      _ = try await Self.withOwnSeed(swarm, peers: [own], headStart: .zero) { seed in
        try await swarm.fetch {
          $0.torrent.sources.peers = [seed]
          $0.session.port = 7001
        }
      }
      return swarm.clock.now - start
    }
    #expect(await swarm.output == swarm.content)
    // A side that has lost both connections would try again after three seconds.
    #expect(time < .seconds(2))
  }

  @Test func theLimitOnWhatWeReceiveHoldsForTheMetadata() async throws {
    let swarm = try await SimulatedSwarm(seed: 628, size: 2_000_000, pieceLength: 16384) {
      for number in 0..<2000 {
        $0.addFile(path: ["f\(number)"], length: number < 1 ? 2_000_000 : 0)
      }
    }
    let length = swarm.torrent.info.originalBytes.count
    let time = try await swarm.simulation.run {
      for _ in 0..<3 { try swarm.addSeed(Self.seed()) }
      let start = swarm.clock.now
      _ = try await swarm.find(
        swarm.search { $0.session.downloadLimiter = RateLimiter(bytesPerSecond: length / 10) })
      return swarm.clock.now - start
    }
    #expect(time > .seconds(9))
    // A piece that is late is asked of another peer as well, and comes twice then.
    #expect(time < .seconds(30))
  }

  /// Runs a seed that is the engine's beside `body`, which is told where it is.
  @Reactor
  private static func withOwnSeed(
    _ swarm: SimulatedSwarm, peers: [Endpoint] = [], headStart: Duration,
    _ body: (Endpoint) async throws -> DownloadSummary
  ) async throws -> DownloadSummary {
    let address = IPAddress.v4(0x0A4D_0002)
    let files = MemoryFileSystem()
    files.put("data.bin", swarm.content)
    let environment = swarm.environment(at: address, files: files)
    let options = swarm.options {
      $0.session.listenAddresses = [address]
      $0.torrent.content.seedsOnly = true
      $0.session.port = 7000
      $0.torrent.sources.peers = peers
    }
    let seed = TorrentDownload(torrent: swarm.torrent, options: options) { environment }
    return try await withThrowingTaskGroup(of: Void.self) { group in
      // It ends only by being stopped.
      group.addTask { _ = try? await seed.run() }
      defer { seed.stop() }
      if headStart > .zero { await swarm.clock.sleep(for: headStart) }
      return try await body(Endpoint(address: address, port: 7000))
    }
  }
}
