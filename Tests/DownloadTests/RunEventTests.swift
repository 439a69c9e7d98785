import Demo
import Download
import Metainfo
import Networking
import Primitives
import TestSupport
import Testing
import Tracker

/// The events that the observers of a run receive.
@Suite(.serialized) struct RunEventTests {
  @Test func eachFileIsReportedWhenItsLastPieceIsThere() async throws {
    let lengths: [Int64] = [100_000, 0, 65536, 1, 300_000, 34463]
    let swarm = try await SimulatedSwarm(seed: 231, size: 500_000) { builder in
      for (index, length) in lengths.enumerated() {
        builder.addFile(path: ["f\(index)"], length: length)
      }
    }
    _ = try await swarm.simulation.run {
      try swarm.addSeed()
      return try await swarm.run(swarm.download())
    }
    let files = await swarm.events.compactMap { event -> String? in
      if case .fileCompleted(let index, let path, let length) = event {
        "\(index) \(path) \(length)"
      } else {
        nil
      }
    }
    let expected = lengths.indices.map { "\($0) data.bin/f\($0) \(lengths[$0])" }
    #expect(files.sorted() == expected)
  }

  /// The files are reported together, but none is forgotten, and all are reported before the end.
  @Test func eachOfManySmallFilesIsReported() async throws {
    let swarm = try await SimulatedSwarm(seed: 234, size: 700_000) { builder in
      for index in 0..<700 { builder.addFile(path: ["f\(index)"], length: 1000) }
    }
    _ = try await swarm.simulation.run {
      try swarm.addSeed()
      return try await swarm.run(swarm.download())
    }
    var files: [Int] = []
    for event in await swarm.events {
      if case .fileCompleted(let index, _, _) = event { files.append(index) }
      if case .completed = event { break }
    }
    #expect(files.sorted() == Array(0..<700))
  }

  @Test func theSnapshotSaysWherePeersCameFromAndWhatTrackersSaid() async throws {
    let swarm = try await SimulatedSwarm(seed: 232, size: 2_000_000)
    let summary = try await swarm.simulation.run {
      try swarm.addSeed(host: .init(uploadRate: 500_000))
      try swarm.addSeed(host: .init(uploadRate: 500_000))
      let tracker = swarm.addTracker()
      tracker.peers = [swarm.endpoints[1]]
      return try await swarm.run(
        swarm.download {
          $0.torrent.sources.peers = [swarm.endpoints[0]]
          $0.torrent.sources.trackers = [[SimulatedSwarm.trackerURL]]
        })
    }
    let progress = summary.progress
    #expect(progress.sources.map(\.source) == [.tracker, .given])
    #expect(progress.sources.map(\.found) == [1, 1])
    let brought = progress.sources.map(\.downloadedBytes)
    #expect(brought.reduce(0, +) == progress.downloadedBytes)
    #expect(brought.allSatisfy { $0 > 400_000 })
    #expect(progress.trackers.count == 1)
    guard case .working(peers: 1, _, _, _) = progress.trackers.first?.state else {
      Issue.record("the tracker said \(progress.trackers)")
      return
    }
    let sources = await swarm.events.compactMap { event -> PeerSource? in
      if case .peerConnected(_, _, let source) = event { source } else { nil }
    }
    #expect(Set(sources) == [.tracker, .given])
  }

  @Test func thePieceMapFillsUp() async throws {
    let swarm = try await SimulatedSwarm(seed: 233, size: 7_000_000)
    let summary = try await swarm.simulation.run {
      try swarm.addSeed(host: .init(uploadRate: 1_000_000))
      return try await swarm.run(swarm.download { $0.torrent.content.isSequential = true })
    }
    #expect(summary.progress.pieceMap == Array(repeating: 1, count: 64))
    let maps = await swarm.events.compactMap { event -> [Double]? in
      if case .progress(let progress) = event { progress.pieceMap } else { nil }
    }
    #expect(maps.count > 10)
    #expect(maps.allSatisfy { map in map.count == 64 && map.allSatisfy { (0...1).contains($0) } })
    let middle = maps[maps.count / 2]
    // In order: the pieces that are there lie before those that are not.
    #expect(middle.prefix(16).allSatisfy { $0 == 1 } && middle.suffix(16).allSatisfy { $0 == 0 })
  }

  @Test func corruptPiecesCountAsWaste() async throws {
    let swarm = try await SimulatedSwarm(seed: 234, size: 2_000_000)
    let summary = try await swarm.simulation.run {
      var lying = SeedBehaviour()
      lying.corruption = .everyBlock
      try swarm.addSeed(lying)
      try swarm.addSeed()
      return try await swarm.run(swarm.download())
    }
    let progress = summary.progress
    #expect(progress.failedPieces >= 1)
    #expect(progress.wastedBytes >= Int64(progress.failedPieces) * 60_000)
    #expect(progress.bannedPeers == 1)
    #expect(progress.downloadedBytes - progress.wastedBytes <= 2_000_000)
  }

  @Test func ourOwnEndpointAndImpossibleOnesAreNotDialled() async throws {
    let swarm = try await SimulatedSwarm(seed: 235, size: 500_000)
    let summary = try await swarm.simulation.run {
      try swarm.addSeed()
      let tracker = swarm.addTracker()
      tracker.peers += [
        Endpoint(address: SimulatedSwarm.leecherAddress, port: 7000),
        Endpoint(address: .v4(0xE000_0001), port: 6881), Endpoint(address: .any4, port: 6881),
        Endpoint(address: .v4(0xFFFF_FFFF), port: 6881),
        Endpoint(address: .v4(0x0A4D_0301), port: 0),
      ]
      return try await swarm.run(
        swarm.download {
          $0.torrent.sources.peers = []
          $0.session.port = 7000
          $0.torrent.sources.trackers = [[SimulatedSwarm.trackerURL]]
        })
    }
    #expect(summary.progress.knownPeers == 1)
    #expect(summary.progress.sources.map(\.found) == [1])
  }
}
