import DHT
import Networking
import PeerWire
import Primitives

/// The distributed hash table as a source of peers for one torrent.
///
/// It joins at once when there is no tracker, otherwise when ten seconds have left the run short of
/// peers, or a seed without a tracker that knows it; then it stays, searches, and tells the table
/// where we are. Never for a private torrent (BEP 27): its owner does not make one then.
@Reactor
final class DHTService {
  /// How long the trackers may try alone.
  static let patience = Duration.seconds(10)
  /// With so many connected peers the table is not needed.
  nonisolated static let enoughPeers = 5
  /// The pause after the first search; it doubles up to the longest.
  static let firstPause = Duration.seconds(15)
  static let longestHungryPause = Duration.seconds(300)
  /// How often we announce ourselves, at the least (nodes forget us after half an hour).
  static let announcePause = Duration.seconds(900)
  /// The pause while nobody has answered at all; a search without anybody to ask costs nothing.
  static let lonelyPause = Duration.milliseconds(500)
  /// How many peers one search may add.
  private static let peersPerSearch = 1000
  /// How many nodes that peers have named wait for us to join.
  private static let earlyNodeLimit = 64
  /// How many nodes peers may name in all, and at one address: each costs a datagram.
  private static let namedNodeLimit = 1000
  private static let nodesPerAddress = 8

  /// What the run tells of itself.
  struct Needs {
    /// How many peers are connected.
    var connectedPeers: Int
    /// Whether everything is there.
    var isSeed: Bool
    /// Whether a tracker tells others of us.
    var hasWorkingTracker = false

    /// Whether the table could do what nobody else does: find peers, or tell peers where we are.
    var areUnmet: Bool { isSeed ? !hasWorkingTracker : connectedPeers < DHTService.enoughPeers }
  }

  private let infoHash: InfoHash
  private let options: DHTOptions
  private let addresses: [IPAddress]
  private let listeningPort: UInt16
  private let joinsAtOnce: Bool
  private let environment: Environment
  /// Called with peers.
  var found: ([Endpoint]) -> Void = { _ in }
  /// Called when our node has a port that peers may be told.
  var joined: () -> Void = {}
  /// Called with what people may want to know.
  var reports: (DHTReport) -> Void = { _ in }
  /// Asked before each decision.
  var needs: () -> Needs = { Needs(connectedPeers: 0, isSeed: false) }
  private var node: DHTNode?
  /// What the node knew when `run()` ended; empty when it knew nobody.
  private(set) var finalState: [UInt8] = []
  private var earlyNodes: [Endpoint] = []
  private var namedNodes: Set<Endpoint> = []
  private var namedByAddress: [IPAddress: Int] = [:]
  private let routers: [String]
  private let wakeup = Wakeup()
  private var isStopped = false
  private var hasJoined = false

  /// Prepares to join.
  ///
  /// `nodes` are those that the torrent names, as `host:port`.
  init(
    infoHash: InfoHash, nodes: [String], hasTrackers: Bool, listeningPort: UInt16,
    addresses: [IPAddress], options: DHTOptions, environment: Environment
  ) {
    self.infoHash = infoHash
    self.options = options
    self.addresses = addresses
    self.listeningPort = listeningPort
    self.environment = environment
    joinsAtOnce = !hasTrackers
    routers = Array(nodes.prefix(16)) + options.routers
  }

  // MARK: - Running

  /// Joins when it is time, and searches until stopped or cancelled.
  func run() async {
    guard await isNeeded(), let node = makeNode() else { return }
    self.node = node
    reports(DHTReport(.joining, nodes: 0))
    for endpoint in earlyNodes { node.add(node: endpoint) }
    earlyNodes = []
    joined()
    await withDiscardingTaskGroup { group in
      group.addTask { await node.run() }
      await search(node)
      node.stop()
    }
    // Who has met nobody has nothing to tell the next run.
    guard node.nodeCount > 0 else { return }
    finalState = node.state.encodedBytes
    options.saveState?(finalState)
  }

  /// Ends `run()`.
  func stop() {
    isStopped = true
    // A search under way could take many seconds to its end.
    node?.stop()
    wakeup.fire()
  }

  /// Waits until the table is needed; false when the run ends before.
  private func isNeeded() async -> Bool {
    if joinsAtOnce { return !isStopped }
    while await pause(for: Self.patience) {
      if needs().areUnmet { return true }
    }
    return false
  }

  /// A machine without any socket for datagrams does without the table.
  private func makeNode() -> DHTNode? {
    var nodeOptions = DHTNode.Options()
    nodeOptions.addresses = addresses
    nodeOptions.routers = routers
    do throws(DHTStateError) {
      if !options.state.isEmpty { nodeOptions.state = try DHTState(parsing: options.state) }
    } catch {
      nodeOptions.state = DHTState()
    }
    if !options.keepsID { (nodeOptions.state.ownID, nodeOptions.state.ownID6) = (nil, nil) }
    let secret = environment.secret
    do throws(NetworkError) {
      return try DHTNode(
        options: nodeOptions, network: environment.network, clock: environment.clock,
        secret: Array(secret.dropFirst(8)),
        random: SeededRandom(seed: secret.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }))
    } catch {
      reports(DHTReport(.failed("\(error)"), nodes: 0))
      return nil
    }
  }

  private func search(_ node: DHTNode) async {
    var hungryPause = Self.firstPause
    while !isStopped {
      await searchOnce(node)
      let now = needs()
      if node.nodeCount == 0 {
        guard await pause(for: Self.lonelyPause) else { return }
      } else if !now.isSeed, now.areUnmet {
        guard await pause(for: hungryPause) else { return }
        hungryPause = min(hungryPause * 2, Self.longestHungryPause)
      } else {
        guard await pause(for: Self.announcePause) else { return }
        hungryPause = Self.firstPause
      }
    }
  }

  private func searchOnce(_ node: DHTNode) async {
    let announcement =
      listeningPort == 0
      ? nil : PeerAnnouncement(port: listeningPort, isSeed: needs().isSeed)
    var known: Set<Endpoint> = []
    for await peers in node.peers(of: infoHash, announcing: announcement) {
      guard !isStopped else { return }
      // Whoever names peers has answered, even if it is a router, which the table does not count.
      noteJoining(node, hasAnswer: true)
      let room = Self.peersPerSearch - known.count
      let fresh = peers.filter { !known.contains($0) }.prefix(room)
      known.formUnion(fresh)
      if !fresh.isEmpty { found(Array(fresh)) }
    }
    guard !isStopped else { return }
    noteJoining(node)
    if hasJoined { reports(DHTReport(.searched(peers: known.count), nodes: node.nodeCount)) }
  }

  private func noteJoining(_ node: DHTNode, hasAnswer: Bool = false) {
    guard !hasJoined, hasAnswer || node.nodeCount > 0 else { return }
    hasJoined = true
    reports(DHTReport(.joined, nodes: node.nodeCount))
  }

  /// How many nodes answer us; nil while we take no part.
  var nodeCount: Int? { node?.nodeCount }

  /// Sleeps; false when the run ends.
  private func pause(for duration: Duration) async -> Bool {
    guard !isStopped else { return false }
    let outcome = await environment.clock.wait(
      for: wakeup, until: environment.clock.now + duration)
    return outcome != .cancelled && !isStopped
  }

  // MARK: - Peers that have nodes

  /// Our node's port for a peer, once we have joined (BEP 5).
  func port(isIPv6: Bool) -> UInt16? { node?.port(isIPv6: isIPv6) }

  /// A peer says that it has a node there.
  func heard(of endpoint: Endpoint) {
    guard namedNodes.count < Self.namedNodeLimit,
      namedByAddress[endpoint.address, default: 0] < Self.nodesPerAddress,
      namedNodes.insert(endpoint).inserted
    else { return }
    namedByAddress[endpoint.address, default: 0] += 1
    if let node {
      node.add(node: endpoint)
    } else if earlyNodes.count < Self.earlyNodeLimit {
      earlyNodes.append(endpoint)
    }
  }
}
