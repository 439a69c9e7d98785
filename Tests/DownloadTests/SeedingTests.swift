import Demo
import Download
import Metainfo
import Networking
import Primitives
import TestSupport
import Testing

/// Our own engine on both sides.
@Suite(.serialized) struct SeedingTests {
  @Test func aSeedOfOursServesALeecherOfOurs() async throws {
    let swarm = try await SimulatedSwarm(seed: 21, size: 3_000_000)
    let summary = try await swarm.simulation.run { () async throws -> DownloadSummary in
      let files = MemoryFileSystem()
      try await swarm.fill(files)
      return try await swarm.leech(from: files)
    }
    let output = await swarm.output
    #expect(output == swarm.content)
    #expect(summary.progress.wastedBytes == 0)
  }

  @Test func seedingNeedsAPieceAtLeast() async throws {
    let swarm = try await SimulatedSwarm(seed: 22, size: 500_000)
    var caught: DownloadError?
    do {
      _ = try await swarm.simulation.run {
        try await swarm.run(swarm.download { $0.torrent.content.seedsOnly = true })
      }
    } catch let error as DownloadError {
      caught = error
    }
    #expect(caught == .nothingToSeed(pieceCount: 8))
    // Data that is there but not verified is nothing to give either.
    swarm.files.put("data.bin", [UInt8](repeating: 7, count: 500_000))
    await #expect(throws: DownloadError.nothingToSeed(pieceCount: 8)) {
      try await swarm.simulation.run {
        try await swarm.run(swarm.download { $0.torrent.content.seedsOnly = true })
      }
    }
    let paths = swarm.files.paths
    #expect(paths == ["data.bin"])
  }
}

extension SimulatedSwarm {
  /// Puts the torrent's data into a file system, by way of a download from a scripted seed.
  func fill(_ files: MemoryFileSystem) async throws {
    try addSeed()
    var options = DownloadOptions()
    options.torrent.output.folder = "/out"
    options.session.listenAddresses = [IPAddress.v4(0x0A4D_0002)]
    options.torrent.sources.peers = endpoints
    options.torrent.sources.trackers = []
    let world = environment(at: .v4(0x0A4D_0002), files: files)
    _ = try await run(TorrentDownload(torrent: torrent, options: options) { world })
  }

  /// Downloads from a seed of our own that has the data in `files`.
  func leech(
    from files: MemoryFileSystem, _ change: (inout DownloadOptions) -> Void = { _ in }
  ) async throws -> DownloadSummary {
    var options = DownloadOptions()
    options.torrent.output.folder = "/out"
    options.session.listenAddresses = [IPAddress.v4(0x0A4D_0003)]
    options.session.port = 7000
    options.torrent.sources.trackers = []
    options.torrent.content.seedsOnly = true
    change(&options)
    let world = environment(at: .v4(0x0A4D_0003), files: files)
    let seeding = TorrentDownload(torrent: torrent, options: options) { world }
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { _ = try await seeding.run() }
      let summary = try await run(
        download { $0.torrent.sources.peers = [Endpoint(address: .v4(0x0A4D_0003), port: 7000)] })
      seeding.stop()
      try await group.waitForAll()
      return summary
    }
  }
}
