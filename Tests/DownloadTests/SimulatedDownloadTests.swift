import Demo
import Download
import Metainfo
import Networking
import Primitives
import Storage
import TestSupport
import Testing

/// The whole engine in virtual time: promises in seconds are kept here, whatever the machine.
@Suite(.serialized) struct SimulatedDownloadTests {
  @Test func twoHonestPeersFarAwayAreEnough() async throws {
    let swarm = try await SimulatedSwarm(seed: 1, size: 3_000_001)
    let far = SimulatedHost.Options(latency: .milliseconds(100))
    let summary = try await swarm.simulation.run {
      try swarm.addSeed(host: far)
      try swarm.addSeed(host: far)
      return try await swarm.run(swarm.download())
    }
    let output = await swarm.output
    #expect(output == swarm.content)
    #expect(summary.progress.failedPieces == 0)
    #expect(summary.progress.wastedBytes == 0)
    // 3 MB in windows that double from 5 blocks: a handful of round trips of 220 ms.
    #expect(summary.duration < .seconds(4))
  }

  /// There are more peers than may be dialled at once, each with a piece that nobody else has.
  @Test func hundredsOfPeersAreDialledAndAllOfThemUsed() async throws {
    let count = 300
    let swarm = try await SimulatedSwarm(seed: 33, size: count << 14, pieceLength: 1 << 14)
    let summary = try await swarm.simulation.run {
      for number in 0..<count {
        var own = Bitfield(count: count)
        own.insert(PieceIndex(number))
        try swarm.addSeed(pieces: own)
      }
      return try await swarm.run(swarm.download())
    }
    let output = await swarm.output
    #expect(output == swarm.content)
    let met = await swarm.events.count { event in
      if case .peerConnected = event { true } else { false }
    }
    #expect(met == count)
    // Nobody has to wait for another's connection to end.
    #expect(summary.duration < .seconds(5))
  }

  /// The seed's share of the memory is small as long as nobody knows how fast it is, and it must
  /// not wait for a verdict whenever it has begun its share of pieces.
  @Test func aFastSeedAmongSlowOnesIsAsFastAsAlone() async throws {
    func duration(slowSeeds: Int) async throws -> Duration {
      let swarm = try await SimulatedSwarm(seed: 35, size: 6 << 20, pieceLength: 1 << 16)
      let summary = try await swarm.simulation.run {
        try swarm.addSeed(host: .init(latency: .milliseconds(1), uploadRate: 8_000_000))
        for _ in 0..<slowSeeds {
          try swarm.addSeed(host: .init(latency: .milliseconds(1), uploadRate: 20_000))
        }
        return try await swarm.run(swarm.download { $0.session.memoryLimit = 5 << 20 })
      }
      return summary.progress.exchangeTime
    }
    let alone = try await duration(slowSeeds: 0)
    let together = try await duration(slowSeeds: 20)
    #expect(together < alone * 1.1)
  }

  /// Each peer may owe only two blocks, so that every piece is the work of many.
  @Test func manySlowPeersAreAllKeptBusyWithLittleMemory() async throws {
    let (count, rate, size) = (120, 40_000, 12 << 20)
    let swarm = try await SimulatedSwarm(seed: 34, size: size, pieceLength: 1 << 18)
    let summary = try await swarm.simulation.run {
      for _ in 0..<count {
        try swarm.addSeed(host: .init(latency: .milliseconds(5), uploadRate: rate))
      }
      return try await swarm.run(swarm.download { $0.session.memoryLimit = 8 << 20 })
    }
    let output = await swarm.output
    #expect(output == swarm.content)
    let ideal = Double(size) / Double(count * rate)
    #expect(summary.duration < .seconds(ideal * 1.6 + 1))
  }

  /// A peer that finds work leaves the rest of the piece to the next one that waits: otherwise many
  /// ask for blocks that are owed already.
  @Test func peersThatWaitForWorkTellEachOtherOfIt() async throws {
    let (count, rate, size) = (200, 100_000, 40_000_000)
    let swarm = try await SimulatedSwarm(seed: 71, size: size, pieceLength: 1 << 18)
    let summary = try await swarm.simulation.run {
      for _ in 0..<count {
        try swarm.addSeed(host: .init(latency: .milliseconds(5), uploadRate: rate))
      }
      return try await swarm.run(swarm.download { $0.session.memoryLimit = 13 << 20 })
    }
    let output = await swarm.output
    #expect(output == swarm.content)
    #expect(summary.progress.wastedBytes < Int64(size) / 25)
    #expect(summary.duration < .seconds(Double(size) / Double(count * rate) * 1.9))
  }

  @Test func aSeedThatVanishesNearTheEndIsReplacedAnHourLater() async throws {
    let swarm = try await SimulatedSwarm(seed: 2, size: 2_000_000)
    let summary = try await swarm.simulation.run {
      let (first, firstHost) = try swarm.addSeed()
      let (_, secondHost) = try swarm.addSeed()
      secondHost.disappear()
      let blocks = ServedBlocks { _ in
        guard first.tally.servedBytes > 1_980_000 - 100_000, firstHost.isOnline else { return }
        firstHost.disappear()
        _ = swarm.clock.schedule(at: swarm.clock.now + .seconds(3600)) { secondHost.appear() }
      }
      defer { withExtendedLifetime(blocks) {} }
      first.audience = blocks
      return try await swarm.run(
        swarm.download {
          $0.torrent.limits.deadlines.peers = nil
          $0.torrent.limits.deadlines.stall = nil
        })
    }
    let output = await swarm.output
    #expect(output == swarm.content)
    #expect(summary.duration > .seconds(3600))
    #expect(summary.duration < .seconds(3 * 3600))
  }

  @Test func aLiarAmongHonestPeersIsBannedAndNobodyElse() async throws {
    let swarm = try await SimulatedSwarm(seed: 3, size: 6_000_000)
    let summary = try await swarm.simulation.run {
      var lying = SeedBehaviour()
      lying.corruption = .everyBlock
      try swarm.addSeed(lying)
      for _ in 0..<3 { try swarm.addSeed(host: .init(uploadRate: 1_000_000)) }
      return try await swarm.run(swarm.download())
    }
    let output = await swarm.output
    #expect(output == swarm.content)
    let liar = await swarm.endpoints[0]
    #expect(summary.bannedPeers == [liar])
    #expect(summary.progress.failedPieces >= 1)
  }

  /// The liar could bring dozens of pieces in the time in which hashing waits for a full batch.
  @Test func aFastLiarIsBannedByItsFirstPiece() async throws {
    let swarm = try await SimulatedSwarm(seed: 31, size: 30_000_000, pieceLength: 1 << 18)
    let summary = try await swarm.simulation.run {
      var lying = SeedBehaviour()
      lying.corruption = .everyBlock
      try swarm.addSeed(lying, host: .init(latency: .milliseconds(1)))
      try swarm.addSeed(host: .init(latency: .milliseconds(50), uploadRate: 2_000_000))
      return try await swarm.run(swarm.download())
    }
    let output = await swarm.output
    #expect(output == swarm.content)
    let liar = await swarm.endpoints[0]
    #expect(summary.bannedPeers == [liar])
    #expect(summary.progress.failedPieces == 1)
  }

  @Test func aPeerThatLiesInFewBlocksIsFoundByItsBlocks() async throws {
    let swarm = try await SimulatedSwarm(seed: 4, size: 12_000_000, pieceLength: 1 << 20)
    let summary = try await swarm.simulation.run {
      var lying = SeedBehaviour()
      lying.corruption = .share(0.05)
      try swarm.addSeed(lying, host: .init(uploadRate: 2_000_000))
      for _ in 0..<3 { try swarm.addSeed(host: .init(uploadRate: 2_000_000)) }
      return try await swarm.run(swarm.download())
    }
    let output = await swarm.output
    #expect(output == swarm.content)
    let liar = await swarm.endpoints[0]
    #expect(summary.bannedPeers == [liar])
  }

  @Test func oneFastSeedAmongSlowOnesIsAsFastAsAlone() async throws {
    func time(slowPeers: Int) async throws -> Duration {
      let swarm = try await SimulatedSwarm(seed: 5, size: 5_000_000, pieceLength: 131_072)
      let summary = try await swarm.simulation.run {
        try swarm.addSeed(host: .init(uploadRate: 1_250_000))
        for _ in 0..<slowPeers { try swarm.addSeed(host: .init(uploadRate: 5120)) }
        return try await swarm.run(swarm.download())
      }
      let output = await swarm.output
      #expect(output == swarm.content)
      return summary.duration
    }
    let alone = try await time(slowPeers: 0)
    let together = try await time(slowPeers: 20)
    #expect(together < alone * 1.15)
  }

  /// The pulse measures no rate before the end, and the blocks of slow peers must not wait for it.
  @Test func theEndOfAShortDownloadDoesNotWaitForThePulse() async throws {
    let swarm = try await SimulatedSwarm(seed: 35, size: 2_000_000, pieceLength: 65_536)
    let summary = try await swarm.simulation.run {
      try swarm.addSeed(host: .init(latency: .milliseconds(1), uploadRate: 20_000_000))
      for _ in 0..<20 {
        try swarm.addSeed(host: .init(latency: .milliseconds(1), uploadRate: 5120))
      }
      return try await swarm.run(swarm.download())
    }
    let output = await swarm.output
    #expect(output == swarm.content)
    #expect(summary.duration < .milliseconds(480))
  }

  @Test func theSameSeedGivesTheSameRunByteForByte() async throws {
    func trace(_ seed: UInt64) async throws -> EventTrace {
      let swarm = try await SimulatedSwarm(seed: seed, size: 2_000_000)
      _ = try await swarm.simulation.run {
        var lying = SeedBehaviour()
        lying.corruption = .share(0.2)
        try swarm.addSeed(lying)
        try swarm.addSeed(host: .init(latency: .milliseconds(30), uploadRate: 500_000))
        try swarm.addSeed(host: .init(latency: .milliseconds(5), uploadRate: 300_000))
        return try await swarm.run(swarm.download())
      }
      let output = await swarm.output
      #expect(output == swarm.content)
      return await swarm.simulation.network.trace
    }
    let first = try await trace(6)
    let second = try await trace(6)
    let other = try await trace(7)
    #expect(first == second)
    #expect(first != other)
    #expect(first.count > 100)
  }

  @Test(arguments: SeedBehaviour.Offence.allCases)
  func whoBreaksTheProtocolLosesOnlyItsOwnConnection(offence: SeedBehaviour.Offence) async throws {
    let swarm = try await SimulatedSwarm(seed: 8, size: 1_000_000)
    let summary = try await swarm.simulation.run {
      var hostile = SeedBehaviour()
      hostile.offence = offence
      try swarm.addSeed(hostile, host: .init(latency: .milliseconds(1)))
      try swarm.addSeed(host: .init(uploadRate: 400_000))
      return try await swarm.run(swarm.download())
    }
    let output = await swarm.output
    #expect(output == swarm.content)
    #expect(summary.progress.failedPieces == 0)
    let reasons = await swarm.disconnections(of: swarm.endpoints[0])
    #expect(reasons.contains { $0.contains("protocol") || $0.contains("closed") })
  }

  @Test func peersThatStallOrHangUpAreReplaced() async throws {
    let swarm = try await SimulatedSwarm(seed: 9, size: 8_000_000)
    _ = try await swarm.simulation.run {
      var stalling = SeedBehaviour()
      stalling.stallsAfter = 300_000
      var leaving = SeedBehaviour()
      leaving.hangsUpAfter = 500_000
      for _ in 0..<2 { try swarm.addSeed(stalling) }
      for _ in 0..<2 { try swarm.addSeed(leaving) }
      try swarm.addSeed(host: .init(uploadRate: 2_000_000))
      return try await swarm.run(swarm.download())
    }
    let output = await swarm.output
    #expect(output == swarm.content)
  }

  @Test func peersThatEachHaveAPartAreEnoughTogether() async throws {
    let swarm = try await SimulatedSwarm(seed: 10, size: 4_000_000)
    _ = try await swarm.simulation.run {
      let count = swarm.torrent.geometry.pieceCount
      for part in 0..<4 {
        var pieces = Bitfield(count: count)
        for piece in swarm.torrent.geometry.pieces where piece.value % 4 == part {
          pieces.insert(piece)
        }
        try swarm.addSeed(pieces: pieces)
      }
      return try await swarm.run(swarm.download())
    }
    let output = await swarm.output
    #expect(output == swarm.content)
  }

  @Test func aRunThatIsStoppedKeepsWhatItHasAndGoesOnLater() async throws {
    let swarm = try await SimulatedSwarm(seed: 11, size: 4_000_000)
    let fetched = try await swarm.simulation.run {
      let (seed, _) = try swarm.addSeed(host: .init(uploadRate: 500_000))
      let first = swarm.download()
      _ = swarm.clock.schedule(at: swarm.clock.now + .seconds(4)) { first.stop() }
      var stopped = false
      do throws(DownloadError) {
        _ = try await swarm.run(first)
      } catch {
        stopped = error == .cancelled
      }
      #expect(stopped)
      let before = seed.tally.servedBytes
      #expect(before > 1_000_000 && before < 3_000_000)
      #expect(swarm.files.paths.contains("data.bin.swift-torrent"))
      let (again, _) = try swarm.addSeed()
      _ = try await swarm.run(swarm.download { $0.torrent.sources.peers = [again.endpoint] })
      return before + again.tally.servedBytes
    }
    let output = await swarm.output
    #expect(output == swarm.content)
    #expect(swarm.files.paths == ["data.bin"])
    // Only blocks of pieces that were incomplete when it stopped come twice.
    #expect(fetched < 4_000_000 + 1_500_000)
  }

  @Test func aSmallMemoryBoundIsEnough() async throws {
    let swarm = try await SimulatedSwarm(seed: 12, size: 16_000_000, pieceLength: 1 << 20)
    let summary = try await swarm.simulation.run {
      for _ in 0..<12 { try swarm.addSeed(host: .init(uploadRate: 300_000)) }
      return try await swarm.run(swarm.download { $0.session.memoryLimit = 3 << 20 })
    }
    let output = await swarm.output
    #expect(output == swarm.content)
    #expect(summary.progress.wastedBytes < 800_000)
  }

  @Test func aFullDiskEndsTheRunWithItsReason() async throws {
    let swarm = try await SimulatedSwarm(seed: 13, size: 2_000_000)
    let files = FaultyFileSystem(swarm.files, fullAfter: 500_000)
    var caught: DownloadError?
    do {
      _ = try await swarm.simulation.run {
        try swarm.addSeed()
        var options = DownloadOptions()
        options.torrent.output.folder = "/out"
        options.session.listenAddresses = [SimulatedSwarm.leecherAddress]
        options.torrent.sources.peers = swarm.endpoints
        options.torrent.sources.trackers = []
        var environment = swarm.environment()
        environment.files = files
        let world = environment
        return try await swarm.run(
          TorrentDownload(torrent: swarm.torrent, options: options) { world })
      }
    } catch let error as DownloadError {
      caught = error
    }
    guard case .storage(.diskFull) = caught else {
      Issue.record("a full disk ended in \(String(describing: caught))")
      return
    }
  }
}

extension SimulatedSwarm {
  /// The reasons for which connections to a peer ended.
  func disconnections(of endpoint: Endpoint) -> [String] {
    events.compactMap { event in
      if case .peerDisconnected(endpoint, let reason) = event { reason } else { nil }
    }
  }
}
