import Demo
import Download
import Metainfo
import Networking
import Primitives
import TestSupport
import Testing

/// Several clients of ours in one simulated swarm get pieces from each other.
@Suite(.serialized) struct ExchangeTests {
  @Test func leechersGiveEachOtherWhatTheSeedGaveOne() async throws {
    let swarm = try await SimulatedSwarm(seed: 31, size: 4_000_000)
    let files = (0..<3).map { _ in MemoryFileSystem() }
    let served = try await swarm.simulation.run { () async throws -> Int64 in
      let (seed, _) = try swarm.addSeed(host: .init(uploadRate: 500_000))
      try await swarm.exchange(files)
      return seed.tally.servedBytes
    }
    for files in files {
      #expect(files.bytes("data.bin") == swarm.content)
    }
    // Alone at the seed each would take the whole from it: 12 MB.
    #expect(served < 8_000_000)
  }
}

extension SimulatedSwarm {
  /// Runs one leecher of ours for each file system, all of which know each other and the seeds.
  func exchange(_ files: [MemoryFileSystem]) async throws {
    let places = files.indices.map {
      Endpoint(address: .v4(0x0A4D_0010 + UInt32($0)), port: 7000)
    }
    let downloads = files.enumerated().map { index, files in
      var options = DownloadOptions()
      options.torrent.output.folder = "/out"
      options.session.listenAddresses = [places[index].address]
      options.session.port = 7000
      options.torrent.sources.trackers = []
      options.torrent.sources.peers = endpoints + places.filter { $0 != places[index] }
      let world = environment(at: places[index].address, files: files)
      return TorrentDownload(torrent: torrent, options: options) { world }
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for seed in seeds { group.addTask { await seed.run() } }
      for download in downloads.dropLast() {
        group.addTask { _ = try await download.run() }
      }
      _ = try await downloads[downloads.count - 1].run()
      // The others end by themselves; the seed has to be told.
      for _ in downloads.dropLast() { try await group.next() }
      for seed in seeds { seed.stop() }
      try await group.waitForAll()
    }
  }
}
