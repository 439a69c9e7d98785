package import Networking
package import Primitives

/// A node of the DHT on the network: sockets, time and names around a `DHTMachine`.
///
/// Create it, call `run()` once, and search while it runs. It has a socket for each family that the
/// machine has, both with the same port if possible.
@Reactor
package final class DHTNode {
  /// How a node begins.
  package struct Options: Sendable {
    /// The addresses to receive at, at most one of each family.
    package var addresses: [IPAddress] = [.any4, .any6]
    /// The UDP port; 0 lets the system choose.
    package var port: UInt16 = 0
    /// Where to begin, as `host:port`; never kept in the table.
    package var routers: [String] = []
    /// What an earlier run knew.
    package var state = DHTState()

    /// Begins nowhere.
    package init() {}
  }

  /// How many names of routers are looked up.
  private static let routerLimit = 32
  /// How many batches of peers wait for a reader; older ones are lost, since all are alike.
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
  /// Searches by number, so that their order is that of their beginning.
  private var searches: [Int: Search] = [:]
  private var searchCount = 0
  private let wakeup = Wakeup()
  /// For when the loop of `run` sleeps.
  private var planned = Instant.distantFuture
  private var isStopped = false

  /// Opens the sockets.
  ///
  /// - Parameters:
  ///   - options: How to begin.
  ///   - network: Where the sockets are, and who knows names.
  ///   - clock: Time.
  ///   - secret: At least 16 bytes that nobody can guess.
  ///   - random: Chance.
  /// - Throws: Why there is not even one socket.
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

  /// A machine need not have every family; a port that is taken in one is chosen anew there.
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

  /// Takes part in the DHT until stopped or cancelled; searches under way then end.
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

  /// Looks up a router's name until it is known; the network may just be coming up.
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

  /// Sends and tells what the machine has to say, and sees to it that it is called in time.
  private func settle() {
    flush()
    if machine.deadline < planned { wakeup.fire() }
  }

  private func flush() {
    while let datagram = machine.nextDatagram() {
      let isIPv6 = datagram.destination.address.isIPv6
      // What can't be sent is as good as lost on the way, and is dealt with as such.
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

  /// Searches for the peers of a torrent, and tells its nodes where we are.
  ///
  /// The stream ends when the search ends; whoever stops reading ends it earlier. Nothing is found
  /// unless `run()` is under way.
  ///
  /// - Parameters:
  ///   - infoHash: The torrent.
  ///   - announcement: What to say of ourselves at the end; nil to say nothing.
  /// - Returns: Peers as they are found, possibly again and again the same.
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

  // MARK: - What is known

  /// Adds a node that a peer's PORT message or a torrent names.
  package func add(node endpoint: Endpoint) {
    guard !isStopped else { return }
    machine.add(node: endpoint, now: clock.now)
    settle()
  }

  /// Adds a place to begin at, which is never kept in the table.
  package func add(router endpoint: Endpoint) {
    guard !isStopped else { return }
    machine.add(router: endpoint, now: clock.now)
    settle()
  }

  /// Our UDP port in a family; nil without a socket there.
  package func port(isIPv6: Bool) -> UInt16? {
    sockets.first { $0.local.address.isIPv6 == isIPv6 }?.local.port
  }

  /// How many nodes we know that answer.
  package var nodeCount: Int { machine.nodeCount }

  /// What a later run may begin with.
  package var state: DHTState { machine.state }
}
