package import Networking
package import Primitives

/// A DHT node on the network, which gives a `DHTMachine` sockets, a clock and name resolution.
///
/// Create it, call `run()` once, and search while it runs. It opens a socket for each address
/// family that the host supports, both on the same port if possible.
@Reactor
package final class DHTNode {
  /// The configuration of a node.
  package struct Options: Sendable {
    /// The addresses to bind, at most one of each family.
    package var addresses: [IPAddress] = [.any4, .any6]
    /// The UDP port; with 0 the system chooses one.
    package var port: UInt16 = 0
    /// The bootstrap routers as `host:port`; they never enter the routing table.
    package var routers: [String] = []
    /// The state saved by an earlier run.
    package var state = DHTState()

    /// Creates a configuration without routers or saved state.
    package init() {}
  }

  /// The maximum number of router names to resolve.
  private static let routerLimit = 32
  /// The number of peer batches buffered for a reader; further ones replace the oldest.
  private static let unreadLimit = 64

  private struct Search {
    var ids: Set<LookupID>
    let stream: AsyncStream<[Endpoint]>.Continuation
  }

  private let sockets: [any DatagramSocket]
  private let network: any Network
  private let clock: any LoopClock
  private let routers: [String]
  private var machine: DHTMachine
  /// The running searches by number, so that their order is the order in which they began.
  private var searches: [Int: Search] = [:]
  private var searchCount = 0
  private let wakeup = Wakeup()
  /// The time until which the loop of `run` sleeps.
  private var planned = Instant.distantFuture
  private var isStopped = false

  /// Opens the sockets.
  ///
  /// - Parameters:
  ///   - options: The configuration.
  ///   - network: The network that provides sockets and name resolution.
  ///   - clock: The clock for timeouts and upkeep.
  ///   - secret: At least 16 unpredictable bytes.
  ///   - random: The source of randomness.
  /// - Throws: The reason why no socket could be opened.
  package init(
    options: Options, network: any Network, clock: any LoopClock, secret: [UInt8],
    random: SeededRandom
  ) throws(NetworkError) {
    sockets = try Self.open(options, in: network)
    self.network = network
    self.clock = clock
    routers = Array(options.routers.prefix(Self.routerLimit))
    var families: AddressFamilies = []
    for socket in sockets { families.insert(socket.local.address.isIPv6 ? .v6 : .v4) }
    machine = DHTMachine(
      families: families, state: options.state, secret: secret, random: random)
  }

  /// Opens a socket for each available family; if a port is taken in one family, the system chooses
  /// another there.
  private static func open(
    _ options: Options, in network: any Network
  ) throws(NetworkError) -> [any DatagramSocket] {
    var sockets: [any DatagramSocket] = []
    var failure = NetworkError.unknownHost("no address to receive datagrams at")
    for address in options.addresses
    where !sockets.contains(where: { $0.local.address.isIPv6 == address.isIPv6 }) {
      for port in [sockets.first?.local.port ?? options.port, 0] {
        do throws(NetworkError) {
          sockets.append(
            try network.bindDatagrams(at: Endpoint(address: address, port: port)))
          break
        } catch {
          failure = error
        }
      }
    }
    guard !sockets.isEmpty else { throw failure }
    return sockets
  }

  // MARK: - Running

  /// Takes part in the DHT until stopped or cancelled, and then ends all searches.
  package func run() async {
    await withDiscardingTaskGroup { group in
      for socket in sockets { group.addTask { await self.receive(from: socket) } }
      for router in routers { group.addTask { await self.resolve(router) } }
      await keepTime()
      isStopped = true
      group.cancelAll()
      for socket in sockets { socket.close() }
    }
    for number in searches.keys.sorted() { searches[number]?.stream.finish() }
    searches = [:]
  }

  /// Ends `run()`.
  package func stop() {
    isStopped = true
    wakeup.fire()
  }

  private func keepTime() async {
    while !isStopped {
      machine.tick(now: clock.now)
      flush()
      planned = machine.deadline
      guard await clock.wait(for: wakeup, until: planned) != .cancelled else { return }
    }
  }

  private func receive(from socket: any DatagramSocket) async {
    let batch = DatagramBatch(datagramLength: KRPCMessage.maximumLength)
    while await socket.receiveNext(into: batch) {
      for datagram in batch.datagrams where !datagram.isTruncated {
        machine.receive(datagram.bytes, from: datagram.source, now: clock.now)
      }
      settle()
    }
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
      let isIPv6 = datagram.destination.address.isIPv6
      // A failed send counts as a lost datagram, which the machine handles by its timeouts.
      sockets.first { $0.local.address.isIPv6 == isIPv6 }?
        .send(datagram.bytes, to: datagram.destination)
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
    searches[number] = Search(ids: Set(ids), stream: continuation)
    continuation.onTermination = { [weak self] _ in
      Reactor.enqueue { self?.drop(number) }
    }
    settle()
    return stream
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

  /// Returns our UDP port in a family, or nil without a socket there.
  package func port(isIPv6: Bool) -> UInt16? {
    sockets.first { $0.local.address.isIPv6 == isIPv6 }?.local.port
  }

  /// The number of nodes in the routing tables.
  package var nodeCount: Int { machine.nodeCount }

  /// The state to save for a later run.
  package var state: DHTState { machine.state }
}
