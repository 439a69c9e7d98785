import Demo
import Download
import HTTP
import Metainfo
import Networking
import Primitives
import Storage
import TestSupport

/// A leecher of the real engine and scripted seeds, in one simulated world.
@Reactor
final class SimulatedSwarm {
  let simulation: Simulation
  let torrent: TorrentMetainfo
  let content: [UInt8]
  let files = MemoryFileSystem()
  private(set) var seeds: [ScriptedSeed] = []
  private(set) var events: [DownloadEvent] = []
  private var hosts: [SimulatedHost] = []
  /// The trackers of this world.
  var http: any HTTPClient = NoHTTP()
  /// The clock of clients of ours; nil is that of the world.
  var processClock: StoppableClock?
  /// The workers on which clients of ours hash and write.
  var workers: any WorkerPool = InlineWorkerPool()

  static let leecherAddress = IPAddress.v4(0x0A4D_0001)

  init(
    seed: UInt64, size: Int, pieceLength: Int = 65536, zeros: Range<Int> = 0..<0,
    configure: (inout TorrentBuilder) -> Void = { _ in }
  ) throws {
    simulation = Simulation(seed: seed)
    var random = SeededRandom(seed: seed &+ 1)
    content = Self.noise(size, zeros: zeros, using: &random)
    var builder = TorrentBuilder(name: "data.bin", pieceLength: pieceLength)
    configure(&builder)
    torrent = try TorrentMetainfo(bytes: builder.torrent(content: content))
  }

  /// Random bytes, eight at a time: there may be many millions of them.
  private nonisolated static func noise(
    _ size: Int, zeros: Range<Int>, using random: inout SeededRandom
  ) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: size)
    bytes.withUnsafeMutableBytes { memory in
      for offset in stride(from: 0, to: size, by: 8) {
        withUnsafeBytes(of: random.next()) {
          memory[offset..<min(offset + 8, size)].copyBytes(from: $0.prefix(size - offset))
        }
      }
      memory[zeros].initializeMemory(as: UInt8.self, repeating: 0)
    }
    return bytes
  }

  var clock: any LoopClock { simulation.clock }

  /// The machine of the leecher.
  var leecherHost: SimulatedHost { simulation.network.host(Self.leecherAddress) }

  var endpoints: [Endpoint] { seeds.map(\.endpoint) }

  /// Adds a seed on a host of its own.
  @discardableResult
  func addSeed(
    _ behaviour: SeedBehaviour = SeedBehaviour(), host options: SimulatedHost.Options = .init(),
    pieces: Bitfield? = nil, idPrefix: String = "-SD0100-"
  ) throws -> (seed: ScriptedSeed, host: SimulatedHost) {
    let host = simulation.network.host(
      .v4(0x0A4D_0100 + UInt32(hosts.count)), options: options)
    hosts.append(host)
    let seed = try ScriptedSeed(
      torrent: torrent, content: content, pieces: pieces, behaviour: behaviour,
      at: Endpoint(address: host.address, port: 6881), network: host, clock: clock,
      random: simulation.makeRandom(), idPrefix: idPrefix)
    seeds.append(seed)
    return (seed, host)
  }

  /// The world of a client of ours at an address.
  func environment(
    at address: IPAddress = leecherAddress, files: (any FileSystem)? = nil
  ) -> Environment {
    Environment(
      clock: processClock ?? clock, network: simulation.network.host(address), http: http,
      workers: workers, workerCount: 1, files: files ?? self.files,
      random: simulation.makeRandom())
  }

  /// A download that knows all the seeds from the start.
  func download(_ change: (inout DownloadOptions) -> Void = { _ in }) -> TorrentDownload {
    var options = DownloadOptions()
    options.torrent.output.folder = "/out"
    options.session.listenAddresses = [Self.leecherAddress]
    options.torrent.sources.peers = endpoints
    options.torrent.sources.trackers = []
    change(&options)
    let environment = environment()
    return TorrentDownload(torrent: torrent, options: options) { environment }
  }

  /// Runs the download beside its seeds, and collects its events.
  func run(_ download: TorrentDownload) async throws(DownloadError) -> DownloadSummary {
    let result = await withTaskGroup(of: Void.self) { group in
      for seed in seeds { group.addTask { await seed.run() } }
      group.addTask { await self.collect(download.events) }
      let result: Result<DownloadSummary, DownloadError>
      do throws(DownloadError) {
        result = .success(try await download.run())
      } catch {
        result = .failure(error)
      }
      for seed in seeds { seed.stop() }
      return result
    }
    return try result.get()
  }

  /// The bytes that lie in the output folder under the torrent's name.
  var output: [UInt8]? { files.bytes("data.bin") }

  func collect(_ stream: AsyncStream<DownloadEvent>) async {
    for await event in stream { events.append(event) }
  }
}

/// A world without http servers.
struct NoHTTP: HTTPClient {
  func get(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
    throw .failed("no http in this world")
  }
}
