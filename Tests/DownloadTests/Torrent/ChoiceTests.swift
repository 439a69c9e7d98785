import Demo
import Download
import Metainfo
import Networking
import PeerWire
import Primitives
import TestSupport
import Testing

/// The time between the arrival of a torrent's metadata and the choice of what to fetch.
@Suite(.timeLimit(.minutes(5))) struct ChoiceTests {
  /// The peers that are connected now and were found by other peers.
  @Reactor private func strangers(of swarm: SimulatedSwarm) -> Set<Endpoint> {
    var connected: Set<Endpoint> = []
    for event in swarm.events {
      switch event {
      case .peerConnected(let peer, _, .pex): connected.insert(peer)
      case .peerDisconnected(let peer, _): connected.remove(peer)
      default: break
      }
    }
    return connected
  }

  /// Finds a torrent whose only peer names another one; returns the peers that came that way and are
  /// connected at the end of a choice that takes a minute.
  @Reactor private func strangersDuringAChoice(_ swarm: SimulatedSwarm) async throws
    -> [Set<Endpoint>]
  {
    try swarm.addSeed()
    var message = PexMessage()
    message.added = swarm.endpoints.map { PexPeer($0) }
    var talker = SeedBehaviour()
    talker.metadata = .honest
    talker.exchangesPeers = true
    talker.peerMessages = [message.payload]
    try swarm.addSeed(talker, pieces: Bitfield(count: swarm.torrent.geometry.pieceCount))
    let search = swarm.search { $0.torrent.sources.peers = [swarm.endpoints[1]] }
    let notes = Notes()
    await withTaskGroup(of: Void.self) { group in
      for seed in swarm.seeds { group.addTask { await seed.run() } }
      group.addTask { await swarm.collect(search.events) }
      await #expect(throws: DownloadError.cancelled) {
        try await search.run { _ in
          await swarm.clock.sleep(for: .seconds(60))
          await notes.add(self.strangers(of: swarm))
          return nil
        }
      }
      for seed in swarm.seeds { seed.stop() }
    }
    return notes.strangers
  }

  @Test func noPeersOfOthersAreUsedOnceATorrentIsKnownToBePrivate() async throws {
    let swarm = try await SimulatedSwarm(seed: 732, size: 500_000) { $0.isPrivate = true }
    let during = try await swarm.simulation.run { () async throws -> [Set<Endpoint>] in
      try await self.strangersDuringAChoice(swarm)
    }
    #expect(during == [[]])
  }

  @Test func othersAreUsedMeanwhileIfTheTorrentIsPublic() async throws {
    let swarm = try await SimulatedSwarm(seed: 733, size: 500_000)
    let during = try await swarm.simulation.run { () async throws -> [Set<Endpoint>] in
      try await self.strangersDuringAChoice(swarm)
    }
    let other = try #require(await swarm.endpoints.first)
    #expect(during == [[other]])
  }

  /// Runs a search beside its seeds, with these options for the torrent that it finds.
  @Reactor private func run(
    _ search: TorrentDownload, in swarm: SimulatedSwarm, choosing chosen: TorrentOptions
  ) async throws -> DownloadSummary {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for seed in swarm.seeds { group.addTask { await seed.run() } }
      defer { for seed in swarm.seeds { seed.stop() } }
      return try await search.run { _ in chosen }
    }
  }

  @Test func theOrderThatIsChosenHolds() async throws {
    let swarm = try await SimulatedSwarm(seed: 735, size: 2_000_000, pieceLength: 65536)
    let order = try await swarm.simulation.run { () async throws -> [Int] in
      var behaviour = SeedBehaviour()
      behaviour.metadata = .honest
      let (seed, _) = try swarm.addSeed(behaviour)
      var order: [Int] = []
      let blocks = ServedBlocks { block in
        if order.last != block.piece.value { order.append(block.piece.value) }
      }
      defer { withExtendedLifetime(blocks) {} }
      seed.audience = blocks
      var chosen = swarm.options().torrent
      chosen.content.isSequential = true
      _ = try await run(swarm.search(), in: swarm, choosing: chosen)
      return order
    }
    #expect(order == Array(0..<31))
  }

  @Test func aSeedFromALinkTellsTrackersThatNothingIsMissing() async throws {
    let swarm = try await SimulatedSwarm(seed: 736, size: 500_000)
    let tracker = try await swarm.simulation.run { () async throws -> SimulatedTracker in
      var behaviour = SeedBehaviour()
      behaviour.metadata = .honest
      try swarm.addSeed(behaviour)
      swarm.files.put("data.bin", swarm.content)
      let tracker = swarm.addTracker()
      let search = swarm.search { $0.torrent.sources.trackers = [[SimulatedSwarm.trackerURL]] }
      var chosen = search.options.torrent
      chosen.content.seedsOnly = true
      chosen.limits.seedTime = .seconds(60)
      _ = try await run(search, in: swarm, choosing: chosen)
      return tracker
    }
    let (events, left) = await (tracker.events, tracker.left)
    #expect(events.filter { $0 != "-" } == ["started", "started", "stopped"])
    #expect(left.first.map { $0 > 0 } == true)
    #expect(left.dropFirst().allSatisfy { $0 == 0 })
  }

  /// A choice may ask a person, who takes a while to answer.
  @Test func aStopCancelsTheChoice() async throws {
    let swarm = try await SimulatedSwarm(seed: 734, size: 500_000)
    let time = try await swarm.simulation.run { () async throws -> Duration in
      var behaviour = SeedBehaviour()
      behaviour.metadata = .honest
      try swarm.addSeed(behaviour)
      let search = swarm.search()
      let start = swarm.clock.now
      _ = swarm.clock.schedule(after: .seconds(30)) { search.stop() }
      await withTaskGroup(of: Void.self) { group in
        for seed in swarm.seeds { group.addTask { await seed.run() } }
        await #expect(throws: DownloadError.cancelled) {
          try await search.run { _ in
            await swarm.clock.sleep(for: .seconds(100_000))
            return TorrentOptions()
          }
        }
        for seed in swarm.seeds { seed.stop() }
      }
      return swarm.clock.now - start
    }
    #expect(time >= .seconds(30) && time <= .seconds(32))
  }
}

/// The observations of a choice.
@Reactor
private final class Notes {
  private(set) var strangers: [Set<Endpoint>] = []

  nonisolated init() {}

  func add(_ endpoints: Set<Endpoint>) { strangers.append(endpoints) }
}
