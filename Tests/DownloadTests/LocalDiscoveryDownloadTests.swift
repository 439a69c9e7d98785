import Download
import Metainfo
import Networking
import Primitives
import TestSupport
import Testing

/// Peers that find each other by multicast alone.
@Suite(.timeLimit(.minutes(5))) struct LocalDiscoveryDownloadTests {
  private static let seedAddress = IPAddress.v4(0x0A4D_0002)

  /// A leecher and, an hour later, a seed; neither knows of the other.
  @Reactor private func exchange(
    isPrivate: Bool = false, discovers: Bool = true, isMagnet: Bool = false
  ) async throws -> (isComplete: Bool, datagrams: Int) {
    let swarm = try SimulatedSwarm(seed: 4, size: 500_000) { $0.isPrivate = isPrivate }
    let seedFiles = MemoryFileSystem()
    seedFiles.put("data.bin", swarm.content)
    swarm.simulation.network.trace.keepsLines = true
    let isComplete = try await swarm.simulation.run {
      let change: @Sendable (inout DownloadOptions) -> Void = {
        $0.torrent.sources.peers = []
        $0.torrent.sources.usesLocalDiscovery = discovers
        $0.torrent.limits.deadlines.peers = nil
        $0.torrent.limits.deadlines.stall = nil
        $0.torrent.limits.deadlines.metadata = nil
      }
      let leech = swarm.download(change)
      var options = DownloadOptions()
      options.torrent.output.folder = "/out"
      options.session.listenAddresses = [Self.seedAddress]
      options.torrent.sources.trackers = []
      options.torrent.content.seedsOnly = true
      options.torrent.sources.usesLocalDiscovery = discovers
      let environment = swarm.environment(at: Self.seedAddress, files: seedFiles)
      let seed = TorrentDownload(torrent: swarm.torrent, options: options) { environment }
      return await withTaskGroup(of: Bool?.self) { group in
        group.addTask {
          do {
            _ = isMagnet ? try await swarm.fetch(nil, change) : try await swarm.run(leech)
            return true
          } catch {
            return false
          }
        }
        group.addTask {
          await swarm.clock.sleep(for: .seconds(3600))
          // It ends only by being stopped.
          _ = try? await seed.run()
          return nil
        }
        group.addTask {
          await swarm.clock.sleep(for: .seconds(4200))
          return nil
        }
        let first = await group.next() ?? nil
        leech.stop()
        seed.stop()
        group.cancelAll()
        return first ?? false
      }
    }
    let datagrams = swarm.simulation.network.trace.lines.count { $0.contains(" datagram ") }
    return (isComplete && swarm.output == swarm.content, datagrams)
  }

  @Test @Reactor func aSeedThatComesLaterIsFound() async throws {
    let (isComplete, datagrams) = try await exchange()
    #expect(isComplete)
    #expect(datagrams > 0)
  }

  @Test @Reactor func aMagnetLinkFindsItsPeersThatWayToo() async throws {
    let (isComplete, _) = try await exchange(isMagnet: true)
    #expect(isComplete)
  }

  /// Only the metadata shows that the torrent is private; the peers found this way are dropped
  /// then.
  @Test @Reactor func aPrivateTorrentOfALinkIsNotFetchedFromThere() async throws {
    let (isComplete, datagrams) = try await exchange(isPrivate: true, isMagnet: true)
    #expect(!isComplete)
    #expect(datagrams > 0)
  }

  @Test @Reactor func nothingIsSaidUnlessItIsWanted() async throws {
    let (isComplete, datagrams) = try await exchange(discovers: false)
    #expect(!isComplete)
    #expect(datagrams == 0)
  }

  @Test @Reactor func aPrivateTorrentIsNeverAnnounced() async throws {
    let (isComplete, datagrams) = try await exchange(isPrivate: true)
    #expect(!isComplete)
    #expect(datagrams == 0)
  }
}
