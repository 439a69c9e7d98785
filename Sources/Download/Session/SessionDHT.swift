import DHT
import Networking
import PeerWire
import Primitives

/// The distributed hash table as a source of peers for all torrents of a session, with one node.
///
/// `DHTSchedule` decides when to search for which torrent. The node begins with the first search.
/// No torrent that must not use the DHT is ever searched for (BEP 27).
@Reactor
final class SessionDHT {
  /// The maximum number of peers taken from one search.
  private static let peersPerSearch = 1000
  /// The maximum number of bootstrap nodes of one torrent, and of all.
  private static let routersPerTorrent = 16
  private static let routerLimit = 48

  /// The latest news of our part in the DHT that a torrent was told.
  private enum Told {
    case joining
    case joined
  }

  private let members: SessionMembers
  private let sockets: DatagramHub
  private let addresses: [IPAddress]
  private let listeningPort: UInt16
  private let options: DHTOptions
  private let environment: Environment
  private var schedule: DHTSchedule
  private var node: DHTNode?
  private var named = NamedNodes()
  /// The torrents' own bootstrap nodes.
  private var routers: [String] = []
  private var told: [InfoHash: Told] = [:]
  private let wakeup = Wakeup()
  private var isStopped = false

  /// Creates the service without joining.
  init(
    options: DHTOptions, port: SessionPort, addresses: [IPAddress], members: SessionMembers,
    environment: Environment, random: SeededRandom
  ) {
    self.options = options
    sockets = port.datagrams
    listeningPort = port.number
    self.addresses = addresses
    self.members = members
    self.environment = environment
    schedule = DHTSchedule(random: random)
  }

  // MARK: - Running

  /// Joins when a torrent needs it, and searches until stopped or cancelled.
  func run() async {
    await withDiscardingTaskGroup { group in
      while !isStopped {
        while let member = nextMember() {
          guard let node = self.node ?? begin(for: member) else { continue }
          if self.node == nil {
            self.node = node
            group.addTask { await node.run() }
            tellPort()
          }
          group.addTask { await self.search(for: member, on: node) }
        }
        guard await environment.clock.wait(for: wakeup, until: schedule.deadline) != .cancelled
        else { break }
      }
      isStopped = true
      node?.stop()
    }
    // A node without contacts has nothing worth saving.
    guard let node, node.nodeCount > 0 else { return }
    options.keeper?.keep(node.state.encodedBytes)
  }

  /// Ends `run()`.
  func stop() {
    isStopped = true
    // A running search could take many seconds to finish.
    node?.stop()
    wakeup.fire()
  }

  private func nextMember() -> (any SessionMember)? {
    guard !isStopped else { return nil }
    let infoHash = schedule.nextSearch(now: environment.clock.now) { infoHash in
      members[infoHash].flatMap { $0.usesDHT ? $0.dhtNeeds : nil }
    }
    guard let member = infoHash.flatMap({ members[$0] }) else { return nil }
    if told[member.infoHash] == nil {
      told[member.infoHash] = .joining
      member.dhtChanged(DHTReport(.joining, nodes: node?.nodeCount ?? 0))
    }
    return member
  }

  /// Creates the node; without any datagram socket the session goes on without the DHT.
  private func begin(for member: any SessionMember) -> DHTNode? {
    guard !sockets.locals.isEmpty else {
      member.dhtChanged(DHTReport(.failed("there is no UDP socket"), nodes: 0))
      schedule.leave(member.infoHash)
      schedule.ended(nil, needs: nil, isLonely: true, now: environment.clock.now)
      return nil
    }
    var nodeOptions = DHTNode.Options()
    nodeOptions.addresses = addresses
    nodeOptions.routers = routers + options.routers
    do throws(DHTStateError) {
      if !options.state.isEmpty { nodeOptions.state = try DHTState(parsing: options.state) }
    } catch {
      nodeOptions.state = DHTState()
    }
    let secret = environment.secret
    let node = DHTNode(
      options: nodeOptions, sockets: sockets, network: environment.network,
      clock: environment.clock, secret: Array(secret.dropFirst(8)),
      random: SeededRandom(seed: secret.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }))
    for endpoint in named.takeEarly() { node.add(node: endpoint) }
    return node
  }

  private func tellPort() {
    for member in members.all where member.usesDHT { member.dhtJoined() }
  }

  // MARK: - Searches

  private func search(for member: any SessionMember, on node: DHTNode) async {
    // The seeds that a DHT scrape counts are complete ones (BEP 33).
    let announcement =
      listeningPort == 0
      ? nil : PeerAnnouncement(port: listeningPort, isSeed: member.dhtNeeds.hasEveryPiece)
    var known: Set<Endpoint> = []
    for await peers in node.peers(of: member.infoHash, announcing: announcement) {
      guard mayUse(member) else { break }
      // A node that returned peers has replied, even a router, which the table does not count.
      noteJoining(of: member, node, hasAnswer: true)
      let room = Self.peersPerSearch - known.count
      let fresh = peers.filter { !known.contains($0) }.prefix(room)
      known.formUnion(fresh)
      if !fresh.isEmpty { member.found(Array(fresh), by: .dht) }
    }
    ended(member, node, found: known.count)
  }

  private func ended(_ member: any SessionMember, _ node: DHTNode, found: Int) {
    if mayUse(member) {
      noteJoining(of: member, node)
      if told[member.infoHash] == .joined {
        member.dhtChanged(DHTReport(.searched(peers: found), nodes: node.nodeCount))
      }
    }
    schedule.ended(
      members.contains(member) ? member.infoHash : nil,
      needs: mayUse(member) ? member.dhtNeeds : nil, isLonely: node.nodeCount == 0,
      now: environment.clock.now)
    wakeup.fire()
  }

  private func mayUse(_ member: any SessionMember) -> Bool {
    !isStopped && members.contains(member) && member.usesDHT
  }

  private func noteJoining(
    of member: any SessionMember, _ node: DHTNode, hasAnswer: Bool = false
  ) {
    guard told[member.infoHash] == .joining, hasAnswer || node.nodeCount > 0 else { return }
    told[member.infoHash] = .joined
    member.dhtChanged(DHTReport(.joined, nodes: node.nodeCount))
  }

  /// The number of nodes in the routing tables; nil while we take no part.
  var nodeCount: Int? { node?.nodeCount }

  // MARK: - Torrents

  /// Takes in a torrent that has joined the session.
  func joined(_ member: any SessionMember) {
    schedule.join(
      member.infoHash, hasTrackers: member.dhtNeeds.hasTrackers, now: environment.clock.now)
    wakeup.fire()
  }

  /// Ends the searches for a torrent that has left the session.
  func left(_ member: any SessionMember) {
    schedule.leave(member.infoHash)
    told[member.infoHash] = nil
    node?.endSearches(for: member.infoHash)
  }

  /// Ends the searches for a torrent that must not use the DHT any more.
  func rulesChanged(for member: any SessionMember) {
    if !member.usesDHT { node?.endSearches(for: member.infoHash) }
    wakeup.fire()
  }

  /// Adds a torrent's own bootstrap nodes as `host:port`.
  func add(routers names: [String]) {
    for name in names.prefix(Self.routersPerTorrent)
    where routers.count < Self.routerLimit && !routers.contains(name) {
      routers.append(name)
      node?.add(routerNamed: name)
    }
  }

  // MARK: - Peers that have nodes

  /// Returns our node's port to tell a peer, once we have joined (BEP 5).
  func port(isIPv6: Bool) -> UInt16? { node?.port(isIPv6: isIPv6) }

  /// Handles a peer's report that it runs a node.
  func heard(of endpoint: Endpoint) {
    guard named.take(endpoint, isEarly: node == nil) else { return }
    node?.add(node: endpoint)
  }
}

/// The nodes that peers have named, whose number is bounded, because each costs a datagram.
struct NamedNodes {
  /// The maximum number of nodes that peers may name, in total and per address.
  private static let limit = 1000
  private static let limitPerAddress = 8
  /// The maximum number of nodes that are kept until we join.
  private static let earlyLimit = 64

  private var all: Set<Endpoint> = []
  private var countByAddress: [IPAddress: Int] = [:]
  private var early: [Endpoint] = []

  /// Takes a node; returns false if it is known or too many were named.
  ///
  /// An early one is kept for `takeEarly`.
  mutating func take(_ endpoint: Endpoint, isEarly: Bool) -> Bool {
    guard all.count < Self.limit,
      countByAddress[endpoint.address, default: 0] < Self.limitPerAddress,
      all.insert(endpoint).inserted
    else { return false }
    countByAddress[endpoint.address, default: 0] += 1
    if isEarly, early.count < Self.earlyLimit { early.append(endpoint) }
    return true
  }

  /// Removes and returns the early nodes.
  mutating func takeEarly() -> [Endpoint] {
    defer { early = [] }
    return early
  }
}
