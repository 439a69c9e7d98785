package import Networking
package import Primitives

/// A DHT node on the network, which gives a `DHTMachine` sockets, a clock and name resolution.
///
/// Create it, call `run()` once, and search while it runs. A node either shares the sockets of a
/// `DatagramHub` with other protocols, or opens its own: one for each address family that the host
/// supports, both on the same port if possible.
@Reactor
package final class DHTNode {
  /// The configuration of a node.
  package struct Options: Sendable {
    /// The addresses to bind, at most one of each family; of shared sockets, the node uses those
    /// of these families.
    package var addresses: [IPAddress] = [.any4, .any6]
    /// The UDP port of the node's own sockets; with 0 the system chooses one.
    package var port: UInt16 = 0
    /// The bootstrap routers as `host:port`; they never enter the routing table.
    package var routers: [String] = []
    /// The state saved by an earlier run.
    package var state = DHTState()

    /// Creates a configuration without routers or saved state.
    package init() {}
  }

  /// The maximum number of router names to resolve.
  private static let routerLimit = 64
  /// The number of peer batches buffered for a reader; further ones replace the oldest.
  private static let unreadLimit = 64

  private struct Search {
    let infoHash: InfoHash
    var ids: Set<LookupID>
    let stream: AsyncStream<[Endpoint]>.Continuation
  }

  private let sockets: DatagramHub
  private let ownsSockets: Bool
  private let network: any Network
  private let clock: any LoopClock
  /// The names of routers that are yet to be resolved.
  private var newRouters: [String]
  private var routerCount: Int
  private var machine: DHTMachine
  /// The running searches by number, so that their order is the order in which they began.
  private var searches: [Int: Search] = [:]
  private var searchCount = 0
  private let wakeup = Wakeup()
  /// The time until which the loop of `run` sleeps.
  private var planned = Instant.distantFuture
  private var isStopped = false

  /// Creates a node with sockets of its own.
  ///
  /// - Parameters:
  ///   - options: The configuration.
  ///   - network: The network that provides sockets and name resolution.
  ///   - clock: The clock for timeouts and upkeep.
  ///   - secret: At least 16 unpredictable bytes.
  ///   - random: The source of randomness.
  /// - Throws: The reason why no socket could be opened.
  package convenience init(
    options: Options, network: any Network, clock: any LoopClock, secret: [UInt8],
    random: SeededRandom
  ) throws(NetworkError) {
    let sockets = DatagramHub(network: network, clock: clock)
    try sockets.open(at: options.addresses, port: options.port)
    self.init(
      options: options, sockets: sockets, ownsSockets: true, network: network, clock: clock,
      secret: secret, random: random)
  }

  /// Creates a node that shares sockets.
  ///
  /// - Parameters:
  ///   - options: The configuration.
  ///   - sockets: The open sockets, which the node does not close.
  ///   - network: The network that provides name resolution.
  ///   - clock: The clock for timeouts and upkeep.
  ///   - secret: At least 16 unpredictable bytes.
  ///   - random: The source of randomness.
  package convenience init(
    options: Options, sockets: DatagramHub, network: any Network, clock: any LoopClock,
    secret: [UInt8], random: SeededRandom
  ) {
    self.init(
      options: options, sockets: sockets, ownsSockets: false, network: network, clock: clock,
      secret: secret, random: random)
  }

  private init(
    options: Options, sockets: DatagramHub, ownsSockets: Bool, network: any Network,
    clock: any LoopClock, secret: [UInt8], random: SeededRandom
  ) {
    (self.sockets, self.ownsSockets) = (sockets, ownsSockets)
    self.network = network
    self.clock = clock
    newRouters = Array(options.routers.prefix(Self.routerLimit))
    routerCount = newRouters.count
    var families: AddressFamilies = []
    for isIPv6 in [false, true]
    where sockets.local(isIPv6: isIPv6) != nil
      && options.addresses.contains(where: { $0.isIPv6 == isIPv6 })
    {
      families.insert(isIPv6 ? .v6 : .v4)
    }
    machine = DHTMachine(
      families: families, state: options.state, secret: secret, random: random)
    sockets.attach(self, for: .dht)
  }

  // MARK: - Running

  /// Takes part in the DHT until stopped or cancelled, and then ends all searches.
  package func run() async {
    await withDiscardingTaskGroup { group in
      while !isStopped {
        for router in newRouters { group.addTask { await self.resolve(router) } }
        newRouters = []
        machine.tick(now: clock.now)
        flush()
        planned = machine.deadline
        guard await clock.wait(for: wakeup, until: planned) != .cancelled else { break }
      }
      isStopped = true
      group.cancelAll()
    }
    if ownsSockets { sockets.close() } else { sockets.detach(self, from: .dht) }
    for number in searches.keys.sorted() { searches[number]?.stream.finish() }
    searches = [:]
  }

  /// Ends `run()`.
  package func stop() {
    isStopped = true
    wakeup.fire()
  }

  /// Resolves a router's name, retrying until it succeeds, since the network may still be coming
  /// up.
  private func resolve(_ router: String) async {
    guard let (host, port) = Endpoint.splitHostAndPort(router), port != 0 else { return }
    var pause = Duration.seconds(5)
    while !isStopped {
      do throws(NetworkError) {
        for endpoint in try await network.resolve(host: host, port: port).prefix(8) {
          machine.add(router: endpoint, now: clock.now)
        }
        return settle()
      } catch {
        guard await clock.sleep(for: pause) else { return }
        pause = min(pause * 2, .seconds(300))
      }
    }
  }

  /// Flushes the machine's output and wakes the timer loop if the machine's deadline moved forward.
  private func settle() {
    flush()
    if machine.deadline < planned { wakeup.fire() }
  }

  private func flush() {
    while let datagram = machine.nextDatagram() {
      // A failed send counts as a lost datagram, which the machine handles by its timeouts.
      sockets.send(datagram.bytes, to: datagram.destination)
    }
    while let event = machine.nextEvent() {
      switch event {
      case .peers(let peers, let id, _): search(with: id)?.search.stream.yield(peers)
      case .ended(let id, _): ended(id)
      case .address: break
      }
    }
  }

  // MARK: - Searches

  /// Searches for the peers of a torrent, and announces us to the nodes closest to it.
  ///
  /// The stream ends with the search; a reader that stops early ends the search. Nothing is found
  /// unless `run()` is in progress.
  ///
  /// - Parameters:
  ///   - infoHash: The torrent.
  ///   - announcement: The announcement to send at the end of the search; nil to send none.
  /// - Returns: Batches of peers as they are found, possibly with duplicates.
  package func peers(
    of infoHash: InfoHash, announcing announcement: PeerAnnouncement? = nil
  ) -> AsyncStream<[Endpoint]> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: [Endpoint].self, bufferingPolicy: .bufferingNewest(Self.unreadLimit))
    searchCount += 1
    let number = searchCount
    let ids = machine.find(NodeID(infoHash), announcing: announcement, now: clock.now)
    guard !ids.isEmpty, !isStopped else {
      continuation.finish()
      return stream
    }
    searches[number] = Search(infoHash: infoHash, ids: Set(ids), stream: continuation)
    continuation.onTermination = { [weak self] _ in
      Reactor.enqueue { self?.drop(number) }
    }
    settle()
    return stream
  }

  /// Ends the searches for a torrent, so that none of them announces us any more.
  package func endSearches(for infoHash: InfoHash) {
    for number in searches.keys.sorted() {
      guard let search = searches[number], search.infoHash == infoHash else { continue }
      drop(number)
      search.stream.finish()
    }
  }

  private func search(with id: LookupID) -> (number: Int, search: Search)? {
    searches.first { $0.value.ids.contains(id) }.map { ($0.key, $0.value) }
  }

  private func ended(_ id: LookupID) {
    guard let (number, search) = search(with: id) else { return }
    searches[number]?.ids.remove(id)
    if search.ids.count == 1 {
      searches[number] = nil
      search.stream.finish()
    }
  }

  private func drop(_ number: Int) {
    guard let search = searches.removeValue(forKey: number) else { return }
    for id in search.ids { machine.cancel(id) }
  }

  // MARK: - Nodes and state

  /// Adds a node named by a peer's PORT message or by a torrent.
  package func add(node endpoint: Endpoint) {
    guard !isStopped else { return }
    machine.add(node: endpoint, now: clock.now)
    settle()
  }

  /// Adds a bootstrap router, which never enters the routing table.
  package func add(router endpoint: Endpoint) {
    guard !isStopped else { return }
    machine.add(router: endpoint, now: clock.now)
    settle()
  }

  /// Adds a bootstrap router as `host:port`, whose name is resolved while the node runs.
  package func add(routerNamed name: String) {
    guard !isStopped, routerCount < Self.routerLimit else { return }
    routerCount += 1
    newRouters.append(name)
    wakeup.fire()
  }

  /// Returns our UDP port in a family, or nil if the node takes no part there.
  package func port(isIPv6: Bool) -> UInt16? {
    machine.families.contains(isIPv6 ? .v6 : .v4) ? sockets.local(isIPv6: isIPv6)?.port : nil
  }

  /// The number of nodes in the routing tables.
  package var nodeCount: Int { machine.nodeCount }

  /// The state to save for a later run.
  package var state: DHTState { machine.state }
}

extension DHTNode: DatagramReceiver {
  /// Handles datagrams that other nodes sent.
  package func received(_ datagrams: [Datagram]) {
    guard !isStopped else { return }
    for datagram in datagrams
    where !datagram.isTruncated && datagram.bytes.count <= KRPCMessage.maximumLength {
      machine.receive(datagram.bytes, from: datagram.source, now: clock.now)
    }
    settle()
  }
}
