import DHT
import Networking
import PeerWire
import Primitives
import TestSupport
import Testing

@testable import Download

/// A world with sessions in simulated time.
@Reactor
struct SessionScene {
  nonisolated static let address = IPAddress.v4(0x0A4D_0001)
  private nonisolated static let nodeAddress = IPAddress.v4(0x0A4D_0900)

  let simulation: Simulation

  init(seed: UInt64) {
    simulation = Simulation(seed: seed)
  }

  var clock: SimulatedClock { simulation.clock }

  func host(_ address: IPAddress = address) -> SimulatedHost { simulation.network.host(address) }

  func environment(at address: IPAddress = address) -> Environment {
    Environment(
      clock: clock, network: host(address), http: NoHTTP(), workers: InlineWorkerPool(),
      workerCount: 1, files: MemoryFileSystem(), random: simulation.makeRandom())
  }

  func core(
    at address: IPAddress = address, _ change: (inout SessionOptions) -> Void = { _ in }
  ) throws -> SessionCore {
    var options = SessionOptions()
    options.listenAddresses = [address]
    change(&options)
    return try SessionCore(options: options, environment: environment(at: address))
  }

  /// Runs sessions around `body`.
  func run<Result: Sendable>(
    _ cores: [SessionCore], _ body: () async throws -> Result
  ) async throws -> Result {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for core in cores { group.addTask { await core.run() } }
      defer { for core in cores { core.stop() } }
      return try await body()
    }
  }

  /// The n-th info-hash.
  nonisolated static func hash(_ number: UInt8) throws -> InfoHash {
    try #require(InfoHash(repeatElement(number, count: 20)))
  }

  /// Connects from another host and says that much of a handshake.
  func dial(
    _ core: SessionCore, from address: IPAddress, _ bytes: [UInt8]
  ) async throws -> any Transport {
    let transport = try await host(address).connect(
      to: Endpoint(address: Self.address, port: core.port), timeout: .seconds(5))
    #expect(await transport.writeAll(bytes))
    return transport
  }

  /// The handshake of a peer that is no session of ours.
  func handshake(for infoHash: InfoHash) -> [UInt8] {
    var random = simulation.makeRandom()
    return Handshake(
      infoHash: infoHash, peerID: PeerID.make(prefix: "-RW0100-", using: &random)
    ).bytes
  }

  // MARK: - The table

  /// Runs a table of some nodes around `body`, which gets one that knows all others and the options
  /// to join.
  func withTable<Result: Sendable>(
    _ body: (_ node: DHTNode, _ options: DHTOptions) async throws -> Result
  ) async throws -> Result {
    let router = "\(Self.nodeAddress):6881"
    let nodes = try (UInt32(0)..<10).map { number in
      let address = IPAddress.v4(0x0A4D_0900 + number)
      var options = DHTNode.Options()
      options.addresses = [address]
      options.port = 6881
      options.routers = number == 0 ? [] : [router]
      return try DHTNode(
        options: options, network: host(address), clock: clock, secret: Array(0..<20),
        random: simulation.makeRandom())
    }
    return try await withThrowingTaskGroup(of: Void.self) { group in
      defer { for node in nodes { node.stop() } }
      for node in nodes { group.addTask { await node.run() } }
      await clock.sleep(for: .seconds(30))
      var options = DHTOptions()
      options.routers = [router]
      return try await body(nodes[3], options)
    }
  }

  /// Searches the table to the end.
  func peers(
    of infoHash: InfoHash, by node: DHTNode, announcing announcement: PeerAnnouncement? = nil
  ) async -> Set<Endpoint> {
    var found: Set<Endpoint> = []
    for await peers in node.peers(of: infoHash, announcing: announcement) {
      found.formUnion(peers)
    }
    return found
  }
}

/// A torrent that only notes what its session tells it.
@Reactor
final class FakeMember: SessionMember {
  let infoHash: InfoHash
  var isAdmitting = true
  var dhtNeeds = DHTNeeds()
  var usesDHT: Bool
  var usesLocalDiscovery: Bool
  private(set) var greeted: [GreetedPeer] = []
  private(set) var found: [PeerSource: Set<Endpoint>] = [:]
  private(set) var reports: [DHTReport.State] = []
  private(set) var portNews = 0
  private let diary: Diary?

  /// The order in which members were woken.
  @Reactor
  final class Diary {
    var woken: [InfoHash] = []
  }

  init(
    _ infoHash: InfoHash, usesDHT: Bool = true, usesLocalDiscovery: Bool = true,
    diary: Diary? = nil
  ) {
    self.infoHash = infoHash
    self.usesDHT = usesDHT
    self.usesLocalDiscovery = usesLocalDiscovery
    self.diary = diary
  }

  func admits(_ remote: Endpoint) -> Bool { isAdmitting }
  func welcomed(_ peer: GreetedPeer) { greeted.append(peer) }
  func roomFreed() { diary?.woken.append(infoHash) }
  func found(_ peers: [Endpoint], by source: PeerSource) {
    found[source, default: []].formUnion(peers)
  }
  func dhtChanged(_ report: DHTReport) { reports.append(report.state) }
  func dhtJoined() { portNews += 1 }
  func memoryFreed() { diary?.woken.append(infoHash) }
}
