import Demo
import Download
import HTTP
import Metainfo
import Networking
import Primitives
import TestSupport

/// A simulated swarm with web servers in it.
@Reactor
final class WebSeedScene {
  static let names = ["one.example", "two.example"]

  let swarm: SimulatedSwarm
  private(set) var servers: [ScriptedHTTPServer] = []
  /// The number of body bytes that the servers were asked to send.
  private(set) var sentBytes = 0

  /// A torrent of one file, or as configured, that names the first servers as web seeds.
  init(
    seed: UInt64, size: Int, pieceLength: Int = 65536, webSeeds: [String],
    zeros: Range<Int> = 0..<0, configure: (inout TorrentBuilder) -> Void = { _ in }
  ) throws {
    swarm = try SimulatedSwarm(seed: seed, size: size, pieceLength: pieceLength, zeros: zeros) {
      $0.webSeeds = webSeeds
      configure(&$0)
    }
    swarm.http = StandardHTTPClient(
      userAgent: "test", network: swarm.simulation.network.host(SimulatedSwarm.leecherAddress),
      clock: swarm.clock, proxies: ProxyRules { _ in nil })
  }

  /// Adds a server under the next name; it has the torrent's content unless it answers otherwise.
  @discardableResult
  func addServer(
    host options: SimulatedHost.Options = .init(),
    answer: ((ScriptedHTTPServer.Request) -> ScriptedHTTPServer.Answer?)? = nil
  ) throws -> SimulatedHost {
    let host = swarm.simulation.network.host(
      .v4(0x0A4D_0400 + UInt32(servers.count)), options: options)
    swarm.simulation.network.setName(Self.names[servers.count], to: [host.address])
    let content = swarm.content
    servers.append(
      try ScriptedHTTPServer(at: Endpoint(address: host.address, port: 80), network: host) {
        [unowned self] request in
        if let answer = answer?(request) { return answer }
        sentBytes += request.range?.count ?? content.count
        return .bytes(ScriptedHTTPServer.file(content, to: request))
      })
    return host
  }

  /// Runs a download beside the servers.
  func run(_ change: (inout DownloadOptions) -> Void = { _ in }) async throws -> DownloadSummary {
    let download = swarm.download(change)
    return try await withThrowingTaskGroup(of: Void.self) { group in
      for server in servers { group.addTask { await server.run() } }
      defer { for server in servers { server.stop() } }
      return try await swarm.run(download)
    }
  }

  /// The states that were reported of the web seeds, in order.
  var reports: [WebSeedReport.State] {
    swarm.events.compactMap { if case .webSeed(let report) = $0 { report.state } else { nil } }
  }
}
