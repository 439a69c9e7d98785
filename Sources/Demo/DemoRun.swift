import Download
import HTTP
import Metainfo
import Networking
import Primitives
import Tracker

/// One run of the demo: the swarm, the download and the final comparison.
struct DemoRun {
  let size: Int
  let folder: TemporaryFolder
  let events: AsyncStream<DemoSwarm.Event>.Continuation

  static let fileName = "demo.bin"
  private static let pieceLength = 256 << 10

  func run() async throws(DemoSwarm.Failure) -> DemoSwarm.Outcome {
    let result = await withTaskExecutorPreference(Reactor.taskExecutor) {
      await runOnLoop()
    }
    return try result.get()
  }

  @Reactor
  private func runOnLoop() async -> Result<DemoSwarm.Outcome, DemoSwarm.Failure> {
    do throws(DemoSwarm.Failure) {
      return .success(try await runSwarm())
    } catch {
      return .failure(error)
    }
  }

  @Reactor
  private func runSwarm() async throws(DemoSwarm.Failure) -> DemoSwarm.Outcome {
    let environment = Environment.live()
    var random = environment.random
    let content = Self.makeContent(size, using: &random)
    let server = try startTracker(environment)
    let torrent = try makeTorrent(content, tracker: "http://\(server.endpoint)/announce")
    let cast = try DemoCast(torrent: torrent, content: content, environment: environment)
    events.yield(.swarm(tracker: torrent.trackers.first?.first ?? "", seeds: cast.parts))
    let outcome = await withTaskGroup(of: Void.self) { group in
      group.addTask { await server.run() }
      for seed in cast.seeds { group.addTask { await seed.run() } }
      let announcers = cast.announcers(environment)
      for announcer in announcers { group.addTask { await announcer.run() } }
      let outcome = await download(torrent, content, cast)
      for announcer in announcers { await announcer.stop() }
      for seed in cast.seeds { seed.stop() }
      server.stop()
      return outcome
    }
    return try outcome.get()
  }

  // MARK: - The swarm

  /// Returns random content that no peer could produce by accident.
  private static func makeContent(
    _ size: Int, using random: inout SeededRandom
  ) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      var index = 0
      while index < size {
        var word = random.next()
        for _ in 0..<min(8, size - index) {
          unsafe buffer.initializeElement(at: index, to: UInt8(truncatingIfNeeded: word))
          word >>= 8
          index += 1
        }
      }
      count = size
    }
  }

  @Reactor
  private func startTracker(
    _ environment: Environment
  ) throws(DemoSwarm.Failure) -> TrackerServer {
    do throws(NetworkError) {
      return try TrackerServer(
        listen: Endpoint(address: .loopback4, port: 0), network: environment.network,
        clock: environment.clock, random: environment.random)
    } catch {
      throw .network(error)
    }
  }

  private func makeTorrent(
    _ content: [UInt8], tracker: String
  ) throws(DemoSwarm.Failure) -> TorrentMetainfo {
    var builder = TorrentBuilder(name: Self.fileName, pieceLength: Self.pieceLength)
    builder.trackers = [[tracker]]
    do throws(MetainfoError) {
      return try TorrentMetainfo(bytes: builder.torrent(content: content))
    } catch {
      throw .torrent(error)
    }
  }

  // MARK: - The download

  @Reactor
  private func download(
    _ torrent: TorrentMetainfo, _ content: [UInt8], _ cast: DemoCast
  ) async -> Result<DemoSwarm.Outcome, DemoSwarm.Failure> {
    // The seeds announce before the download does, so that the liar is dialled along with the
    // others.
    await cast.waitUntilAnnounced()
    let result = await run(torrent)
    return result.mapError { .download($0) }.map { summary in
      DemoSwarm.Outcome(
        summary: summary, liar: cast.liar.endpoint,
        dataIsRight: folder.read(Self.fileName) == content)
    }
  }

  private func run(_ torrent: TorrentMetainfo) async -> Result<DownloadSummary, DownloadError> {
    do throws(DownloadError) {
      return try await withSession { session in
        var options = TorrentOptions()
        options.output.folder = folder.path
        let download = session.add(.torrent(torrent), options: options)
        async let forwarding: Void = forward(download.events)
        let result: Result<DownloadSummary, DownloadError>
        do throws(DownloadError) {
          result = .success(try await download.run())
        } catch {
          result = .failure(error)
        }
        await forwarding
        return result
      }
    } catch {
      return .failure(error)
    }
  }

  private func forward(_ news: AsyncStream<DownloadEvent>) async {
    for await event in news { events.yield(.download(event)) }
  }
}
