import Demo
import Download
import Metainfo
import Networking
import PeerWire
import Primitives
import TestSupport
import Testing

/// Peers that are known through other peers alone (BEP 11), and peers that want nothing (BEP 21).
@Suite(.serialized) struct PeerExchangeDownloadTests {
  private static let otherAddress = IPAddress.v4(0x0A4D_0002)

  private static func talker(_ messages: [[UInt8]] = []) -> SeedBehaviour {
    var behaviour = SeedBehaviour()
    behaviour.exchangesPeers = true
    behaviour.peerMessages = messages
    behaviour.metadata = .honest
    return behaviour
  }

  private static func message(_ peers: [Endpoint]) -> [UInt8] {
    var message = PexMessage()
    message.added = peers.map { PexPeer($0) }
    return message.payload
  }

  /// A peer that has nothing and names a seed that nobody else names.
  @Reactor private func addTalker(to swarm: SimulatedSwarm) throws {
    try swarm.addSeed()
    try swarm.addSeed(
      Self.talker([Self.message(swarm.endpoints)]),
      pieces: Bitfield(count: swarm.torrent.geometry.pieceCount))
  }

  @Test func aPeerThatOnlyAnotherNamesIsReached() async throws {
    let swarm = try await SimulatedSwarm(seed: 701, size: 500_000)
    let summary = try await swarm.simulation.run {
      try addTalker(to: swarm)
      return try await swarm.run(swarm.download { $0.torrent.sources.peers = [swarm.endpoints[1]] })
    }
    #expect(await swarm.output == swarm.content)
    #expect(summary.progress.sources.map(\.source) == [.given, .pex])
    #expect(summary.progress.sources.last?.downloadedBytes == 500_000)
  }

  @Test func aMagnetLinkFindsItsPeersThatWayToo() async throws {
    let swarm = try await SimulatedSwarm(seed: 702, size: 500_000)
    let summary = try await swarm.simulation.run {
      try addTalker(to: swarm)
      return try await swarm.fetch { $0.torrent.sources.peers = [swarm.endpoints[1]] }
    }
    #expect(await swarm.output == swarm.content)
    #expect(summary.progress.sources.last?.downloadedBytes == 500_000)
  }

  @Test(arguments: [true, false])
  func aPrivateTorrentDoesWithout(isMagnet: Bool) async throws {
    let swarm = try await SimulatedSwarm(seed: 703, size: 500_000) { $0.isPrivate = true }
    let error = try await swarm.simulation.run {
      try addTalker(to: swarm)
      let change: (inout DownloadOptions) -> Void = {
        $0.torrent.sources.peers = [swarm.endpoints[1]]
        $0.torrent.limits.deadlines.stall = .seconds(300)
      }
      return await #expect(throws: DownloadError.self) {
        if isMagnet {
          try await swarm.fetch(nil, change)
        } else {
          try await swarm.run(swarm.download(change))
        }
      }
    }
    #expect(error == .stalled(.seconds(300)))
    #expect(await swarm.seeds[0].tally.servedBytes == 0)
    // The handshake that is sent once the torrent is known does not offer peer exchange.
    let said = await swarm.seeds[1].tally.introductions
    #expect(
      said.last?.extensions[.peerExchange] == nil || said.last?.extensions[.peerExchange] == 0)
    #expect(said.last?.metadataSize == swarm.torrent.info.originalBytes.count)
  }

  @Test func itCanBeSwitchedOff() async throws {
    let swarm = try await SimulatedSwarm(seed: 704, size: 500_000)
    let error = try await swarm.simulation.run {
      try addTalker(to: swarm)
      return await #expect(throws: DownloadError.self) {
        try await swarm.run(
          swarm.download {
            $0.torrent.sources.peers = [swarm.endpoints[1]]
            $0.torrent.limits.deadlines.stall = .seconds(300)
            $0.torrent.sources.exchangesPeers = false
          })
      }
    }
    #expect(error == .stalled(.seconds(300)))
  }

  /// A peer hears of each of the others that we are connected to, once.
  @Test func peersHearOfEachOtherFromUs() async throws {
    let swarm = try await SimulatedSwarm(seed: 705, size: 3_000_000)
    _ = try await swarm.simulation.run {
      for _ in 0..<3 {
        var slow = Self.talker()
        slow.bytesPerSecond = 10_000
        try swarm.addSeed(slow)
      }
      return try await swarm.run(swarm.download())
    }
    let endpoints = await swarm.endpoints
    for (number, seed) in await swarm.seeds.enumerated() {
      let others = endpoints.filter { $0 != endpoints[number] }
      #expect(await Set(seed.tally.heardOf) == Set(others))
      #expect(await seed.tally.heardOf.count == others.count)
    }
  }

  /// Two leechers of the engine tell each other of the peers that they know.
  @Test func aLeecherOfOursNamesItsSeedToAnother() async throws {
    let swarm = try await SimulatedSwarm(seed: 706, size: 3_000_000)
    let sources = try await swarm.simulation.run {
      var slow = SeedBehaviour()
      slow.bytesPerSecond = 20_000
      try swarm.addSeed(slow)
      let other = swarm.environment(at: Self.otherAddress, files: MemoryFileSystem())
      let options = swarm.options {
        $0.session.listenAddresses = [Self.otherAddress]
        $0.torrent.sources.peers = [Endpoint(address: SimulatedSwarm.leecherAddress, port: 7000)]
      }
      let second = TorrentDownload(torrent: swarm.torrent, options: options) { other }
      return await withTaskGroup(of: DownloadSummary?.self) { group in
        group.addTask {
          do { return try await second.run() } catch { return nil }
        }
        group.addTask {
          // It serves as long as the other needs it.
          _ = try? await swarm.run(
            swarm.download {
              $0.session.port = 7000
              $0.torrent.limits.seedTime = .seconds(3600)
            })
          return nil
        }
        let first = await group.next() ?? nil
        group.cancelAll()
        return first?.progress.sources.map(\.source) ?? []
      }
    }
    #expect(sources.contains(.pex))
  }

  @Test func thousandsOfNamesAndOurOwnAreBounded() async throws {
    let swarm = try await SimulatedSwarm(seed: 707, size: 2_000_000)
    let summary = try await swarm.simulation.run {
      let many = (0..<3000).map { Endpoint(address: .v4(0x0B00_0001 + $0), port: 6881) }
      let own = Endpoint(address: SimulatedSwarm.leecherAddress, port: 7000)
      let impossible = [
        Endpoint(address: .any4, port: 1), Endpoint(address: .v4(0xE000_0001), port: 6881),
        Endpoint(address: .v4(0xFFFF_FFFF), port: 6881), Endpoint(address: .loopback4, port: 0),
      ]
      try swarm.addSeed(Self.talker([Self.message([own] + impossible + many)]))
      try swarm.addSeed(Self.talker([Self.message([own] + impossible)]))
      return try await swarm.run(
        swarm.download {
          $0.session.port = 7000
          $0.session.downloadLimiter = RateLimiter(bytesPerSecond: 100_000)
        })
    }
    #expect(await swarm.output == swarm.content)
    let named = summary.progress.sources.first { $0.source == .pex }
    #expect(named?.found ?? 0 <= PexMessage.peerLimit)
    #expect(named?.found ?? 0 > 0)
  }

  @Test func whoFloodsUsWithNewsIsSentAway() async throws {
    let swarm = try await SimulatedSwarm(seed: 708, size: 500_000)
    _ = try await swarm.simulation.run {
      let flood = (0..<1000).map { number in
        Self.message([Endpoint(address: .v4(0x0B00_0001 + number), port: 6881)])
      }
      try swarm.addSeed(Self.talker(flood))
      try swarm.addSeed(host: .init(latency: .milliseconds(300)))
      return try await swarm.run(swarm.download())
    }
    #expect(await swarm.output == swarm.content)
    let first = await swarm.endpoints[0]
    let reasons = await swarm.events.compactMap { event -> String? in
      guard case .peerDisconnected(first, let reason) = event else { return nil }
      return reason
    }
    #expect(reasons.first == "broke the protocol: messages of ut_pex come too fast")
  }

  /// A seed of ours keeps no place for peers that want nothing.
  @Test func aSeedLeavesThoseWhoWantNothing() async throws {
    let swarm = try await SimulatedSwarm(seed: 709, size: 500_000)
    try await swarm.simulation.run {
      var behaviour = SeedBehaviour()
      behaviour.isUploadOnly = true
      let nothing = Bitfield(count: swarm.torrent.geometry.pieceCount)
      try swarm.addSeed(behaviour, pieces: nothing)
      swarm.files.put("data.bin", swarm.content)
      let seed = swarm.download { $0.torrent.content.seedsOnly = true }
      _ = swarm.clock.schedule(after: .seconds(5)) { seed.stop() }
      _ = try await swarm.run(seed)
    }
    let reasons = await swarm.events.compactMap { event -> String? in
      if case .peerDisconnected(_, let reason) = event { reason } else { nil }
    }
    #expect(reasons.first == "both sides want nothing more")
    #expect(await swarm.seeds[0].tally.introductions.first?.isUploadOnly == true)
  }
}
