import Demo
import Download
import HTTP
import Metainfo
import Networking
import PeerWire
import Primitives
import TestSupport
import Testing

/// Peers that mean harm, and the harm that they can't do.
@Suite(.serialized) struct HostilePeerTests {
  /// Nobody else has the torrent, so the seed must be asked again for the blocks that it has
  /// dropped.
  @Test func aLoneSeedThatDropsRequestsIsAskedAgain() async throws {
    let swarm = try await SimulatedSwarm(seed: 73, size: 1_000_000, pieceLength: 1 << 15)
    let summary = try await swarm.simulation.run {
      var behaviour = SeedBehaviour()
      behaviour.droppingQueue = 10
      behaviour.latency = .milliseconds(100)
      try swarm.addSeed(behaviour)
      return try await swarm.run(swarm.download())
    }
    let output = await swarm.output
    #expect(output == swarm.content)
    #expect(summary.duration < .seconds(60))
  }

  @Test(arguments: 1...2)
  func peersThatHoldTheirBlocksForEverHoldUpNobody(seed: UInt64) async throws {
    let swarm = try await SimulatedSwarm(seed: 40 + seed, size: 2_000_000)
    let summary = try await swarm.simulation.run(deadline: .seconds(3600)) {
      var silent = SeedBehaviour()
      silent.stallsAfter = 0
      silent.keepsAlive = true
      var trickling = SeedBehaviour()
      trickling.tricklesAfter = 0
      for _ in 0..<2 {
        try swarm.addSeed(silent)
        try swarm.addSeed(trickling)
      }
      try swarm.addSeed(host: .init(latency: .milliseconds(60), uploadRate: 200_000))
      return try await swarm.run(swarm.download())
    }
    let output = await swarm.output
    #expect(output == swarm.content)
    #expect(summary.duration < .seconds(60))
  }

  /// The connection breaks again and again, but brings much each time.
  @Test func aConnectionThatBreaksIsMadeAnewAtOnce() async throws {
    let swarm = try await SimulatedSwarm(seed: 77, size: 8_000_000)
    let summary = try await swarm.simulation.run {
      var breaking = SeedBehaviour()
      breaking.hangsUpAfter = 2_000_000
      try swarm.addSeed(breaking, host: .init(latency: .milliseconds(20), uploadRate: 4_000_000))
      return try await swarm.run(swarm.download())
    }
    let output = await swarm.output
    #expect(output == swarm.content)
    #expect(summary.duration < .seconds(8))
  }

  @Test func aLiarThatLeavesBeforeItIsFoundOutIsBanned() async throws {
    let swarm = try await SimulatedSwarm(seed: 51, size: 3_000_000)
    let summary = try await swarm.simulation.run {
      swarm.workers = LateWorkerPool(clock: swarm.clock, delay: .seconds(2))
      var lying = SeedBehaviour()
      lying.corruption = .everyBlock
      lying.hangsUpAfter = 65536
      try swarm.addSeed(lying)
      try swarm.addSeed(host: .init(latency: .milliseconds(50), uploadRate: 50_000))
      return try await swarm.run(swarm.download())
    }
    let output = await swarm.output
    #expect(output == swarm.content)
    let liar = await swarm.endpoints[0]
    #expect(summary.bannedPeers == [liar])
    #expect(await swarm.seeds[0].tally.servedBytes <= 2 * 65536)
  }

  @Test func connectionsThatSayNothingDoNotKeepUsFromDialling() async throws {
    let swarm = try await SimulatedSwarm(seed: 52, size: 500_000)
    let summary = try await swarm.simulation.run {
      let (_, host) = try swarm.addSeed()
      host.disappear()
      _ = swarm.clock.schedule(after: .seconds(5)) { host.appear() }
      let flood = SilentFlood(swarm)
      return try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<340 { group.addTask { await flood.connectAgainAndAgain(number) } }
        let summary = try await swarm.run(swarm.download { $0.session.port = 7000 })
        flood.isOver = true
        group.cancelAll()
        return summary
      }
    }
    #expect(summary.duration < .seconds(60))
  }

  @Test func aBorrowedIdDoesNotKeepUsFromItsPeer() async throws {
    let swarm = try await SimulatedSwarm(seed: 53, size: 500_000)
    let summary = try await swarm.simulation.run(deadline: .seconds(1800)) {
      let (seed, host) = try swarm.addSeed()
      host.disappear()
      _ = swarm.clock.schedule(after: .seconds(5)) { host.appear() }
      let thief = RawPeer(swarm, at: .v4(0x0A4D_0200), id: seed.peerID)
      return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { _ = await thief.greet() }
        return try await swarm.run(swarm.download { $0.session.port = 7000 })
      }
    }
    #expect(summary.duration < .seconds(60))
  }

  @Test func aTrackerFullOfStrangersDoesNotHideAnother() async throws {
    let swarm = try await SimulatedSwarm(seed: 57, size: 500_000)
    let summary = try await swarm.simulation.run(deadline: .seconds(3600)) {
      let (seed, _) = try swarm.addSeed()
      swarm.http = TwoTrackers(honest: [seed.endpoint])
      return try await swarm.run(
        swarm.download {
          $0.torrent.sources.peers = []
          $0.torrent.sources.trackers = [
            ["http://strangers.test/announce"], ["http://honest.test/announce"],
          ]
        })
    }
    let output = await swarm.output
    #expect(output == swarm.content)
    #expect(summary.duration < .seconds(150))
  }

  @Test func aPeerThatChangesItsMindAllTheTimeCostsFewDecisions() async throws {
    let swarm = try await SimulatedSwarm(seed: 54, size: 500_000)
    let answered = try await swarm.simulation.run { () async throws -> Int in
      try swarm.addSeed(host: .init(uploadRate: 50_000))
      let waverer = RawPeer(swarm, at: .v4(0x0A4D_0200), id: nil)
      return try await withThrowingTaskGroup(of: Int.self) { group in
        group.addTask { await waverer.waver(2000) }
        _ = try await swarm.run(swarm.download { $0.session.port = 7000 })
        return try await group.next() ?? 0
      }
    }
    // The handshake, our have messages, and a choke or unchoke for each decision.
    #expect(answered < 68 + 8 * 9 + 20 * 5)
  }

  @Test func peersThatLeaveWithPiecesOnlyTheyHaveTakeNoMemoryAlong() async throws {
    let swarm = try await SimulatedSwarm(seed: 55, size: 8_000_000, pieceLength: 1 << 20)
    let summary = try await swarm.simulation.run(deadline: .seconds(4 * 3600)) {
      let count = swarm.torrent.geometry.pieceCount
      var leaving = SeedBehaviour()
      leaving.hangsUpAfter = 100_000
      for piece in 0..<3 {
        var pieces = Bitfield(count: count)
        pieces.insert(PieceIndex(piece))
        let (_, host) = try swarm.addSeed(leaving, pieces: pieces)
        _ = swarm.clock.schedule(after: .seconds(8)) { host.disappear() }
      }
      var rest = Bitfield(count: count, filled: true)
      for piece in 0..<3 { rest.remove(PieceIndex(piece)) }
      let (_, partial) = try swarm.addSeed(host: .init(uploadRate: 1_000_000), pieces: rest)
      partial.disappear()
      _ = swarm.clock.schedule(after: .seconds(5)) { partial.appear() }
      let (_, whole) = try swarm.addSeed()
      whole.disappear()
      _ = swarm.clock.schedule(after: .seconds(600)) {
        // By now the partial seed must have given all that it has.
        #expect(swarm.seeds[3].tally.servedBytes >= 5 << 20 - 1 << 20)
        whole.appear()
      }
      return try await swarm.run(swarm.download { $0.session.memoryLimit = 2 << 20 })
    }
    let output = await swarm.output
    #expect(output == swarm.content)
    #expect(summary.progress.verifiedPieces == 8)
  }

  @Test func aCancelledRunEndsAtOnceHoweverTheNewsArrives() async throws {
    for round in 0..<40 {
      let swarm = try await SimulatedSwarm(seed: 56, size: 200_000)
      let download = await swarm.download {
        $0.torrent.sources.peers = [Endpoint(address: .v4(0x0A4D_0300), port: 1)]
      }
      let run = Task { () -> DownloadError? in
        do throws(DownloadError) {
          _ = try await download.run()
          return nil
        } catch {
          return error
        }
      }
      var iterator = download.events.makeAsyncIterator()
      while let event = await iterator.next() {
        if case .listening = event { break }
      }
      for _ in 0..<round * 50 { await Task.yield() }
      run.cancel()
      #expect(await run.value == .cancelled)
    }
  }
}

/// A pool as late as a busy disk, so that much happens between a piece's arrival and its verdict.
struct LateWorkerPool: WorkerPool {
  let clock: any LoopClock
  let delay: Duration

  func run<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result {
    await clock.sleep(for: delay)
    return work()
  }
}

/// A tracker that names thousands of addresses where nobody is, and one that names a seed.
private struct TwoTrackers: HTTPClient {
  let honest: [Endpoint]

  func get(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
    let strangers = (0..<3000).map { Endpoint(address: .v4(0x5000_0000 + $0), port: 6881) }
    let peers = request.url.contains("strangers") ? strangers : honest
    let compact = peers.flatMap(\.compactBytes)
    let body = Array("d8:intervali1800e5:peers\(compact.count):".utf8) + compact + Array("e".utf8)
    return HTTPResponse(status: 200, body: body)
  }
}

/// Connections that are opened and then left, again and again.
@Reactor
private final class SilentFlood {
  var isOver = false
  private let swarm: SimulatedSwarm

  init(_ swarm: SimulatedSwarm) {
    self.swarm = swarm
  }

  func connectAgainAndAgain(_ number: Int) async {
    let host = swarm.simulation.network.host(.v4(0x0A4D_1000 + UInt32(number)))
    let target = Endpoint(address: SimulatedSwarm.leecherAddress, port: 7000)
    await swarm.clock.sleep(for: .milliseconds(29 * number))
    while !isOver, !Task.isCancelled {
      // A refusal is as good as an end.
      if let transport = try? await host.connect(to: target, timeout: .seconds(5)) {
        _ = await transport.readAll()
        transport.close()
      }
      await swarm.clock.sleep(for: .milliseconds(500))
    }
  }
}
