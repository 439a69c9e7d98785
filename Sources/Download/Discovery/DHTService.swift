import DHT
import Networking
import PeerWire
import Primitives

/// The distributed hash table as a source of peers for one torrent.
///
/// Without trackers it joins at once. Otherwise it waits at least ten seconds, and joins when a
/// downloading run has too few peers or a seed has no working tracker. It then stays, searching for
/// peers and announcing us. It must not be used for a private torrent (BEP 27), and its owner does
/// not create it for one.
@Reactor
final class DHTService {
  /// The time for which trackers may try alone.
  static let patience = Duration.seconds(10)
  /// The number of connected peers from which the DHT is not needed.
  nonisolated static let enoughPeers = 5
  /// The pause after the first search, which doubles up to the longest pause.
  static let firstPause = Duration.seconds(15)
  static let longestHungryPause = Duration.seconds(300)
  /// The longest interval between announces; nodes forget us after half an hour.
  static let announcePause = Duration.seconds(900)
  /// The pause while no node has replied; a search without nodes to query costs nothing.
  static let lonelyPause = Duration.milliseconds(500)
  /// The maximum number of peers taken from one search.
  private static let peersPerSearch = 1000
  /// The maximum number of nodes named by peers that are kept until we join.
  private static let earlyNodeLimit = 64
  /// The maximum number of nodes that peers may name, in total and per address; each costs a
  /// datagram.
  private static let namedNodeLimit = 1000
  private static let nodesPerAddress = 8

  /// The needs of the run.
  struct Needs {
    /// The number of connected peers.
    var connectedPeers: Int
    /// A Boolean value indicating whether the run has all data that it wants.
    var isSeed: Bool
    /// A Boolean value indicating whether the run has every piece of the torrent.
    var hasEveryPiece = false
    /// A Boolean value indicating whether a tracker announces us to others.
    var hasWorkingTracker = false

    /// A Boolean value indicating whether the DHT is needed, to find peers or to let peers find us.
    var areUnmet: Bool { isSeed ? !hasWorkingTracker : connectedPeers < DHTService.enoughPeers }
  }

  private let infoHash: InfoHash
  private let options: DHTOptions
  private let addresses: [IPAddress]
  private let listeningPort: UInt16
  private let joinsAtOnce: Bool
  private let environment: Environment
  /// A closure called with peers that were found.
  var found: ([Endpoint]) -> Void = { _ in }
  /// A closure called once our node has a port that can be told to peers.
  var joined: () -> Void = {}
  /// A closure called with reports for the user.
  var reports: (DHTReport) -> Void = { _ in }
  /// A closure that returns the current needs of the run.
  var needs: () -> Needs = { Needs(connectedPeers: 0, isSeed: false) }
  private var node: DHTNode?
  /// The node's state when `run()` ended; empty if it knew no nodes.
  private(set) var finalState: [UInt8] = []
  private var earlyNodes: [Endpoint] = []
  private var namedNodes: Set<Endpoint> = []
  private var namedByAddress: [IPAddress: Int] = [:]
  private let routers: [String]
  private let wakeup = Wakeup()
  private var isStopped = false
  private var hasJoined = false

  /// Creates the service without joining.
  ///
  /// `nodes` are the torrent's own bootstrap nodes as `host:port`.
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

  /// Joins when needed and searches until stopped or cancelled.
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
    // A node without contacts has nothing worth saving.
    guard node.nodeCount > 0 else { return }
    finalState = node.state.encodedBytes
    options.saveState?(finalState)
  }

  /// Ends `run()`.
  func stop() {
    isStopped = true
    // A running search could take many seconds to finish.
    node?.stop()
    wakeup.fire()
  }

  /// Waits until the DHT is needed; returns false if the run ends first.
  private func isNeeded() async -> Bool {
    if joinsAtOnce { return !isStopped }
    while await pause(for: Self.patience) {
      if needs().areUnmet { return true }
    }
    return false
  }

  /// Creates the node; without any datagram socket the run continues without the DHT.
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
    // The seeds that a DHT scrape counts are complete ones (BEP 33).
    let announcement =
      listeningPort == 0
      ? nil : PeerAnnouncement(port: listeningPort, isSeed: needs().hasEveryPiece)
    var known: Set<Endpoint> = []
    for await peers in node.peers(of: infoHash, announcing: announcement) {
      guard !isStopped else { return }
      // A node that returned peers has replied, even a router, which the table does not count.
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

  /// The number of nodes in the routing tables; nil while we take no part.
  var nodeCount: Int? { node?.nodeCount }

  /// Sleeps; returns false if the run ends.
  private func pause(for duration: Duration) async -> Bool {
    guard !isStopped else { return false }
    let outcome = await environment.clock.wait(
      for: wakeup, until: environment.clock.now + duration)
    return outcome != .cancelled && !isStopped
  }

  // MARK: - Peers that have nodes

  /// Returns our node's port to tell a peer, once we have joined (BEP 5).
  func port(isIPv6: Bool) -> UInt16? { node?.port(isIPv6: isIPv6) }

  /// Handles a peer's report that it runs a node.
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
