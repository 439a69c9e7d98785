import Demo
import Metainfo
import Networking
import Primitives
import Storage
import TestSupport
import Testing

@testable import Download

/// A seed that lacks pieces gives what it has and fetches nothing (BEP 21).
@Suite(.serialized) struct PartialSeedTests {
  private static let place = IPAddress.v4(0x0A4D_0003)
  private static let size = 640_000
  /// Pieces of 64 KiB: these of the ten are wrong on the partial seed's disk.
  private static let wrong = [0, 3, 4, 9]

  /// The torrent's data with a byte of each wrong piece changed.
  @Reactor
  private func damagedFiles(_ swarm: SimulatedSwarm) -> MemoryFileSystem {
    var content = swarm.content
    for piece in Self.wrong { content[piece * 65536 + 77] ^= 1 }
    let files = MemoryFileSystem()
    files.put("data.bin", content)
    return files
  }

  @Reactor
  private func seed(
    _ swarm: SimulatedSwarm, _ files: MemoryFileSystem,
    _ change: (inout DownloadOptions) -> Void = { _ in }
  ) -> TorrentDownload {
    var options = DownloadOptions()
    options.torrent.output.folder = "/out"
    options.session.listenAddresses = [Self.place]
    options.session.port = 7000
    options.torrent.sources.trackers = []
    options.torrent.content.seedsOnly = true
    change(&options)
    let world = swarm.environment(at: Self.place, files: files)
    let set = options
    return TorrentDownload(torrent: swarm.torrent, options: set) { world }
  }

  private static var missingBytes: Int64 {
    // The last piece is shorter than the others.
    Int64(3 * 65536 + size - 9 * 65536)
  }

  @Test func whatIsThereIsGivenAndNothingIsFetched() async throws {
    let swarm = try await SimulatedSwarm(seed: 231, size: Self.size)
    let (summary, facts, output) = try await swarm.simulation.run {
      () async throws -> (DownloadSummary, SeedingFacts?, [UInt8]?) in
      // A whole seed that the partial one could fetch from, if it did such a thing.
      let (whole, _) = try swarm.addSeed()
      let files = damagedFiles(swarm)
      let before = (files.changes, files.paths)
      let partial = seed(swarm, files) { $0.torrent.sources.peers = swarm.endpoints }
      let (summary, facts) = try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await whole.run() }
        async let summary = partial.run()
        var facts: SeedingFacts?
        for await event in partial.events {
          guard case .seeding(let told) = event else { continue }
          facts = told
          break
        }
        // A download that knows the partial seed alone ends when nothing more comes.
        let leech = swarm.download {
          $0.torrent.sources.peers = [Endpoint(address: Self.place, port: 7000)]
          $0.torrent.limits.deadlines.stall = .seconds(60)
        }
        await #expect(throws: DownloadError.self) { try await leech.run() }
        #expect(whole.tally.servedBytes == 0)
        partial.stop()
        whole.stop()
        return (try await summary, facts)
      }
      #expect(files.changes == before.0 && files.paths == before.1)
      return (summary, facts, swarm.output)
    }
    let right = Set(0..<10).subtracting(Self.wrong)
    let got = try #require(output)
    for piece in right {
      let range = piece * 65536..<min(Self.size, (piece + 1) * 65536)
      #expect(got[range] == swarm.content[range], "piece \(piece)")
    }
    #expect(facts?.isPartial == true && facts?.missingPieces == Self.wrong.count)
    #expect(facts?.verifiedBytes == Int64(Self.size) - Self.missingBytes)
    #expect(facts?.totalBytes == Int64(Self.size))
    let progress = summary.progress
    #expect(progress.downloadedBytes == 0 && progress.uploadedBytes >= Int64(right.count * 60000))
    #expect(progress.verifiedPieces == 6 && progress.pieceCount == 10)
    #expect(progress.verifiedBytes == Int64(Self.size) - Self.missingBytes)
    #expect(progress.totalBytes == Int64(Self.size))
  }

  @Test func togetherWithOthersAPartialSeedMakesAWhole() async throws {
    let swarm = try await SimulatedSwarm(seed: 232, size: Self.size)
    let served = try await swarm.simulation.run { () async throws -> Int64 in
      var rest = Bitfield(count: 10)
      for piece in Self.wrong { rest.insert(PieceIndex(piece)) }
      let (other, _) = try swarm.addSeed(pieces: rest)
      let partial = seed(swarm, damagedFiles(swarm))
      return try await withThrowingTaskGroup(of: Void.self) { group in
        async let summary = partial.run()
        let places = swarm.endpoints + [Endpoint(address: Self.place, port: 7000)]
        _ = try await swarm.run(swarm.download { $0.torrent.sources.peers = places })
        partial.stop()
        _ = other
        return try await summary.progress.uploadedBytes
      }
    }
    let output = await swarm.output
    #expect(output == swarm.content)
    #expect(served >= Int64(Self.size) - Self.missingBytes)
  }

  @Test func trackersHearHowMuchIsMissingAndNeverOfAnEnd() async throws {
    let swarm = try await SimulatedSwarm(seed: 233, size: Self.size)
    let tracker = await swarm.addTracker()
    try await swarm.simulation.run {
      let partial = seed(swarm, damagedFiles(swarm)) {
        $0.torrent.sources.trackers = [[SimulatedSwarm.trackerURL]]
        $0.torrent.limits.seedTime = .seconds(4000)
      }
      _ = try await partial.run()
    }
    let (events, left) = await (tracker.events, tracker.left)
    // It knows no peer, so it asks more often than the tracker's interval.
    #expect(events.first == "started" && events.last == "stopped")
    #expect(events.count > 3)
    #expect(events.dropFirst().dropLast().allSatisfy { $0 == "paused" }, "\(events)")
    #expect(left.allSatisfy { $0 == Self.missingBytes }, "\(left)")
  }

  @Test func aPartialSeedEndsAtItsGoal() async throws {
    let swarm = try await SimulatedSwarm(seed: 234, size: Self.size)
    let (byTime, byRatio) = try await swarm.simulation.run {
      () async throws -> (DownloadSummary, DownloadSummary) in
      let files = damagedFiles(swarm)
      let byTime = try await seed(swarm, files) { $0.torrent.limits.seedTime = .seconds(30) }.run()
      let partial = seed(swarm, files) { $0.torrent.limits.seedRatio = 0.9 }
      let leech = swarm.download {
        $0.torrent.sources.peers = [Endpoint(address: Self.place, port: 7000)]
      }
      let byRatio = try await withThrowingTaskGroup(of: Void.self) { group in
        async let summary = partial.run()
        group.addTask { await #expect(throws: DownloadError.cancelled) { try await leech.run() } }
        let end = try await summary
        leech.stop()
        try await group.waitForAll()
        return end
      }
      return (byTime, byRatio)
    }
    #expect(byTime.duration >= .seconds(30) && byTime.duration < .seconds(32))
    // The ratio counts what is there, since nobody can fetch more than that.
    #expect(byRatio.progress.shareRatio >= 0.9 && byRatio.progress.shareRatio < 1.1)
    #expect(byRatio.progress.uploadedBytes < Int64(Self.size))
  }

  @Test func seedsAndOtherPartialSeedsAreOfNoUse() async throws {
    let swarm = try await SimulatedSwarm(seed: 235, size: Self.size)
    try await swarm.simulation.run {
      let (whole, _) = try swarm.addSeed()
      let partial = seed(swarm, damagedFiles(swarm)) {
        $0.torrent.sources.peers = swarm.endpoints
        $0.torrent.limits.seedTime = .seconds(300)
      }
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await whole.run() }
        let events = partial.events
        group.addTask { await swarm.collect(events) }
        let summary = try await partial.run()
        #expect(summary.progress.connectedPeers == 0 && summary.progress.downloadedBytes == 0)
        whole.stop()
      }
    }
    let names = await swarm.eventNames
    #expect(names.contains("peerDisconnected"))
  }

  // MARK: - Chosen files

  /// `b` shares its first piece with `a` and its last with `c`.
  private static let lengths: [(name: String, length: Int64)] = [
    ("a", 100_000), ("b", 130_000), ("none", 0), ("c", 400_000),
  ]

  private func swarmOfFiles(_ seed: UInt64) async throws -> SimulatedSwarm {
    try await SimulatedSwarm(seed: seed, size: 630_000) { builder in
      for (name, length) in Self.lengths { builder.addFile(path: [name], length: length) }
    }
  }

  @Test func aFinishedDownloadOfChosenFilesIsSeededAsFarAsItCanBeProven() async throws {
    let swarm = try await swarmOfFiles(236)
    let summary = try await swarm.simulation.run { () async throws -> DownloadSummary in
      try swarm.addSeed()
      _ = try await swarm.run(swarm.download { $0.torrent.content.selection = FileSelection([1]) })
      let changes = swarm.files.changes
      let summary = try await seed(swarm, swarm.files) { $0.torrent.limits.seedTime = .seconds(10) }
        .run()
      #expect(swarm.files.changes == changes)
      return summary
    }
    // Of the three pieces that hold `b`, one lies in it alone.
    #expect(summary.progress.verifiedPieces == 1 && summary.progress.pieceCount == 10)
  }

  /// A tracker takes a peer that lacks nothing for a seed of the whole torrent.
  @Test func aDownloadOfChosenFilesNeverClaimsToBeASeed() async throws {
    let swarm = try await swarmOfFiles(237)
    let tracker = try await swarm.simulation.run { () async throws -> SimulatedTracker in
      try swarm.addSeed()
      let tracker = swarm.addTracker()
      _ = try await swarm.run(
        swarm.download {
          $0.torrent.sources.trackers = [[SimulatedSwarm.trackerURL]]
          $0.torrent.content.selection = FileSelection([1])
          $0.torrent.limits.seedTime = .seconds(4000)
        })
      return tracker
    }
    let (events, left) = await (tracker.events, tracker.left)
    #expect(events.first == "started" && events.last == "stopped")
    #expect(!events.contains("completed") && events.contains("paused"), "\(events)")
    #expect(left.first == 630_000 && left.last == 630_000 - 3 * 65536, "\(left)")
  }

  @Test func aDownloadOfEverythingStillSaysThatItIsComplete() async throws {
    let swarm = try await swarmOfFiles(238)
    let tracker = try await swarm.simulation.run { () async throws -> SimulatedTracker in
      try swarm.addSeed()
      let tracker = swarm.addTracker()
      _ = try await swarm.run(
        swarm.download {
          $0.torrent.sources.trackers = [[SimulatedSwarm.trackerURL]]
          $0.torrent.limits.seedTime = .seconds(100)
        })
      return tracker
    }
    let (events, left) = await (tracker.events, tracker.left)
    #expect(events.count { $0 == "completed" } == 1 && !events.contains("paused"), "\(events)")
    #expect(left.first == 630_000 && left.last == 0)
  }

  /// A run that is killed leaves its state file: a seed reads it, and leaves it as it is.
  @Test func anUnfinishedDownloadIsSeededAndGoesOnAfterwards() async throws {
    let swarm = try await swarmOfFiles(239)
    let (before, after, first, rest) = try await swarm.simulation.run {
      () async throws -> ([UInt8]?, [UInt8]?, DownloadSummary, DownloadSummary) in
      try swarm.addSeed(host: .init(uploadRate: 100_000))
      let whole = swarm.seeds[0]
      return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await whole.run() }
        let begun = swarm.download()
        _ = swarm.clock.schedule(at: swarm.clock.now + .seconds(3)) { begun.stop() }
        await #expect(throws: DownloadError.cancelled) { try await begun.run() }
        let before = swarm.files.bytes("data.bin.swift-torrent")
        let seeding = seed(swarm, swarm.files) { $0.torrent.limits.seedTime = .seconds(60) }
        let first = try await seeding.run()
        let after = swarm.files.bytes("data.bin.swift-torrent")
        let rest = try await swarm.download().run()
        whole.stop()
        return (before, after, first, rest)
      }
    }
    #expect(before != nil && before == after)
    let pieces = first.progress.verifiedPieces
    #expect(pieces > 0 && pieces < 10)
    #expect(rest.progress.downloadedBytes <= Int64((10 - pieces) * 65536))
    #expect(rest.progress.verifiedPieces == 10)
  }
}
