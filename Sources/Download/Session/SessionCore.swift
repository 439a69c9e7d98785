import Networking
import Primitives
import Storage
import Tracker

/// The parts that the torrents of a process share: the port, the handshakes of others, the node in
/// the DHT, the local discovery, the tracker client and the budgets.
///
/// Torrents join as `SessionMember`s and are told apart by their info-hashes. The session knows no
/// piece and no block.
@Reactor
final class SessionCore {
  /// The options, which hold for all torrents.
  let options: SessionOptions
  /// The system as the session sees it.
  let environment: Environment
  /// Our own peer id, one for the process.
  let peerID: PeerID
  /// The tracker client, whose UDP datagrams pass through the session's sockets.
  let trackers: TrackerGateway
  /// The connections of all torrents.
  let connections: ConnectionBudget
  /// The memory of all torrents.
  let memory: MemoryBudget
  /// The open files of all torrents.
  let openFiles: OpenFileBudget

  private let socket: SessionPort
  private let members = SessionMembers()
  private let greetings: PeerGreetings
  private let incoming: IncomingPeers
  private let dht: SessionDHT?
  private let discovery: SessionDiscovery
  private let stopping = Wakeup()
  private var random: SeededRandom

  /// Opens the port; nothing else happens before `run()`.
  init(options: SessionOptions, environment: Environment) throws(DownloadError) {
    self.options = options
    self.environment = environment
    socket = try SessionPort.open(options.port, at: options.ownAddresses, in: environment)
    var random = environment.random
    func fork() -> SeededRandom { random.fork() }
    peerID = PeerID.make(prefix: ClientIdentity.peerIDPrefix, using: &random)
    trackers = TrackerGateway(
      http: environment.http, network: environment.network, sockets: socket.datagrams,
      clock: environment.clock, random: fork(), allowsLocalURLs: options.allowsLocalURLs)
    connections = ConnectionBudget(
      limit: min(options.maximumPeers, environment.connectionLimit), members: members)
    memory = MemoryBudget(
      limit: options.memoryLimit, members: members, clock: environment.clock)
    openFiles = OpenFileBudget(limit: environment.files.openFileLimit)
    greetings = PeerGreetings(
      peerID: peerID, clock: environment.clock, hasDHT: options.dht != nil)
    incoming = IncomingPeers(
      members: members, connections: connections, greetings: greetings,
      clock: environment.clock)
    dht = options.dht.map { [socket, members] dht in
      SessionDHT(
        options: dht, port: socket, addresses: options.ownAddresses, members: members,
        environment: environment, random: fork())
    }
    discovery = SessionDiscovery(
      port: socket.number, members: members, environment: environment, random: fork())
    self.random = random
  }

  /// Returns a source of randomness for one torrent.
  func makeRandom() -> SeededRandom { random.fork() }

  // MARK: - The port

  /// The port at which peers reach us.
  var port: UInt16 { socket.number }

  /// The addresses at which we listen.
  var listeningEndpoints: [Endpoint] { socket.listeners.map(\.endpoint) }

  /// The event that tells the ports.
  var listening: DownloadEvent {
    .listening(
      port: port, datagramPort: socket.datagramPort, isAdditional: socket.hasTwoDatagramPorts)
  }

  // MARK: - Running

  /// Accepts connections, takes part in the DHT and in the local discovery, until stopped or
  /// cancelled.
  func run() async {
    await withDiscardingTaskGroup { group in
      // Accepts incoming connections, with one task for each listening socket.
      for listener in socket.listeners {
        group.addTask { await self.incoming.accept(from: listener) }
      }
      // Exchanges handshakes with the peers that have connected.
      group.addTask { await self.incoming.run() }
      // Finds peers without trackers, for the torrents that allow and need it.
      if let dht { group.addTask { await dht.run() } }
      // Finds peers on the local network, for the torrents that allow it.
      group.addTask { await self.discovery.run() }
      await stopping.wait()
      for listener in socket.listeners { listener.close() }
      incoming.close()
      dht?.stop()
      discovery.stop()
    }
  }

  /// Ends `run()`; trackers can still be told over UDP until `close()`.
  func stop() {
    stopping.fire()
  }

  /// Closes all sockets, once every torrent has said its farewells.
  func close() {
    socket.close()
  }

  // MARK: - Torrents

  /// Returns whether a torrent with this info-hash has joined.
  func runs(_ infoHash: InfoHash) -> Bool { members[infoHash] != nil }

  /// Takes in a torrent; returns false if there is one with its info-hash.
  func join(_ member: any SessionMember) -> Bool {
    guard members.add(member) else { return false }
    connections.join(member.infoHash)
    dht?.joined(member)
    discovery.rulesChanged(for: member)
    return true
  }

  /// Removes a torrent with all that it still uses.
  func leave(_ member: any SessionMember) {
    guard members.remove(member) else { return }
    connections.leave(member.infoHash)
    memory.leave(member.infoHash)
    dht?.left(member)
    discovery.left(member)
  }

  /// Handles a change of `usesDHT` or `usesLocalDiscovery`, as when the torrent of a magnet link is
  /// found and is private.
  func rulesChanged(for member: any SessionMember) {
    guard members.contains(member) else { return }
    dht?.rulesChanged(for: member)
    discovery.rulesChanged(for: member)
  }

  /// Returns the handshake with which a torrent greets the peers that it dials.
  func greeting(for member: any SessionMember) -> PeerGreeting { greetings.greeting(for: member) }

  // MARK: - The DHT

  /// Returns our node's port to tell a peer of that family, once we have joined (BEP 5).
  func dhtPort(isIPv6: Bool) -> UInt16? { dht?.port(isIPv6: isIPv6) }

  /// Handles a peer's report that it runs a node.
  func heardOfNode(at endpoint: Endpoint) { dht?.heard(of: endpoint) }

  /// The number of nodes in the routing tables; nil while we take no part.
  var dhtNodeCount: Int? { dht?.nodeCount }

  /// Adds a torrent's own bootstrap nodes as `host:port`; never those of a private torrent.
  func add(dhtNodes: [String]) { dht?.add(routers: dhtNodes) }
}
