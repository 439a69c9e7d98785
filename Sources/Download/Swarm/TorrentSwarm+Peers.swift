import Networking
import PeerWire
import Primitives
import Swarm

/// The state of looking for connections.
@Reactor
struct Dialling {
  /// The number of dials under way.
  var count = 0
  /// The peers that have dialled us and wait to be met.
  var arrivals = Fifo<GreetedPeer>()
  var timer: TimerID?
  let wakeup = Wakeup()
  var isClosed = false

  nonisolated init() {}
}

// Peers that come and go.

extension TorrentSwarm {
  /// The numbers that bound connections.
  enum Policy {
    /// The time limit for a connection to be established.
    static let connectTimeout = Duration.seconds(10)
    /// The number of peers that may be connected while only the metadata is fetched.
    static let metadataPeers = 60
    /// A stop of the process from which on peers may have hung up because of it.
    static let longStandstill = Duration.seconds(5)
    /// The payload that makes it worthwhile to dial a peer again at once, in bytes.
    static let muchBrought: Int64 = 1 << 20
  }

  /// Dials and meets peers until closed; each connection is a child task.
  func run() async {
    await withDiscardingTaskGroup { group in
      while !dialling.isClosed {
        while let peer = dialling.arrivals.popFirst() {
          group.addTask { await self.meet(arrived: peer) }
        }
        while hasRoom, let endpoint = book.nextDial(now: clock.now) {
          dialling.count += 1
          session.connections.began(for: infoHash)
          let source = book.source(of: endpoint) ?? .given
          group.addTask { await self.dial(endpoint, from: source) }
        }
        scheduleNextDial()
        guard await dialling.wakeup.wait() else { break }
      }
      dialling.isClosed = true
      for connection in connections { connection.stop(.finished) }
      while let peer = dialling.arrivals.popFirst() { turnAway(peer) }
      group.cancelAll()
    }
  }

  /// Ends all connections.
  func close() {
    dialling.isClosed = true
    exchange.close()
    drain()
    stopTimer()
    dialling.wakeup.fire()
  }

  private var connectionCount: Int { connections.count + dialling.count + dialling.arrivals.count }

  private var hasRoom: Bool {
    connectionCount < limit && session.connections.mayDial(for: infoHash)
  }

  private var limit: Int {
    let most = session.connections.limit
    return metadata == nil ? most : min(Policy.metadataPeers, most)
  }

  /// A Boolean value indicating whether no further connection may be begun.
  var isFull: Bool { connectionCount >= limit }

  private func scheduleNextDial() {
    if let timer = dialling.timer { clock.cancel(timer) }
    dialling.timer = nil
    guard hasRoom, let time = book.nextDialTime else { return }
    dialling.timer = clock.schedule(at: time) { [wakeup = dialling.wakeup] in wakeup.fire() }
  }

  // MARK: - New connections

  /// Returns whether a peer from there may connect now.
  ///
  /// Incoming connections never take so many places that we could not dial any more.
  func admits(_ remote: Endpoint) -> Bool {
    guard !dialling.isClosed, !book.isBanned(remote), connectionCount < limit else { return false }
    let incoming = connections.count { $0.source == .incoming } + dialling.arrivals.count
    let isSeeding = exchange.isKnown && exchange.board.isComplete
    return incoming < max(1, isSeeding ? limit - limit / 8 : limit - limit / 2)
  }

  /// Takes a peer that has dialled us.
  func welcomed(_ peer: GreetedPeer) {
    guard !dialling.isClosed else { return turnAway(peer) }
    dialling.arrivals.append(peer)
    dialling.wakeup.fire()
  }

  private func turnAway(_ peer: GreetedPeer) {
    peer.transport.close()
    session.connections.ended(.incoming(peer.transport.remote.address), for: infoHash)
  }

  private func meet(arrived peer: GreetedPeer) async {
    _ = await meet(peer, from: .incoming)
    session.connections.ended(.incoming(peer.transport.remote.address), for: infoHash)
    dialling.wakeup.fire()
  }

  private func dial(_ endpoint: Endpoint, from source: PeerSource) async {
    var greeted: GreetedPeer?
    do throws(NetworkError) {
      let transport = try await session.environment.network.connect(
        to: endpoint, timeout: Policy.connectTimeout)
      greeted = await owner.greeting.dialled(transport, at: endpoint) { book.forget($0) }
    } catch {
      greeted = nil
    }
    dialling.count -= 1
    // There is room for one more dial now, however this one ended.
    dialling.wakeup.fire()
    // A peer that was forgotten meanwhile may not be used.
    guard let peer = greeted, !dialling.isClosed, book.source(of: endpoint) != nil else {
      greeted?.transport.close()
      session.connections.ended(.failedDial, for: infoHash)
      book.dialFailed(endpoint, now: clock.now)
      return lookOn()
    }
    book.connected(endpoint)
    session.connections.established(for: infoHash)
    await meet(dialled: peer, from: source)
    session.connections.ended(.outgoing, for: infoHash)
    dialling.wakeup.fire()
  }

  private func meet(dialled peer: GreetedPeer, from source: PeerSource) async {
    let standstill = clock.standstill
    let (end, brought) = await meet(peer, from: source)
    // We were silent for as long as the process was stopped, so the peer is not to blame.
    let wasStopped = clock.standstill - standstill >= Policy.longStandstill
    let parting: PeerBook.Parting? =
      switch end {
      case .lied: nil
      case .lost where wasStopped, .silent where wasStopped, .stalled where wasStopped: .interrupted
      case .lost where brought >= Policy.muchBrought: .interrupted
      default: brought > 0 ? .useful : .useless
      }
    if let parting { book.disconnected(peer.endpoint, parting, now: clock.now) }
    lookOn()
  }

  /// Looks for other peers when a connection, or the attempt at one, is over.
  private func lookOn() {
    dialling.wakeup.fire()
    if !dialling.isClosed, connections.isEmpty, !book.hasCandidates { owner.ranOutOfPeers() }
  }

  // MARK: - Connected peers

  /// Runs one peer's connection to its end; returns the reason and the bytes that it brought.
  private func meet(
    _ peer: GreetedPeer, from source: PeerSource
  ) async -> (end: PeerEnd, brought: Int64) {
    guard !dialling.isClosed, !book.isBanned(peer.endpoint) else {
      peer.transport.close()
      return (.lied, 0)
    }
    if let other = connections.first(where: { $0.peer.isSamePeer(as: peer) && $0.end == nil }) {
      guard
        owner.greeting.prefers(peer, toOneFrom: other.joined, isOutgoing: other.peer.isOutgoing)
      else {
        peer.transport.close()
        return (.duplicate, 0)
      }
      other.stop(.duplicate)
    }
    let connection = PeerConnection(
      number: history.makeNumber(), peer: peer, source: source,
      transport: throttled(peer.transport), swarm: self)
    connections.append(connection)
    history.hasMetAnybody = true
    if source == .incoming { history.found(1, by: source) }
    history.met(at: peer.transport.local.address)
    events.send(
      .peerConnected(peer.endpoint, client: ClientName.of(peer.peerID), source: source))
    let (end, brought) = await connection.run()
    connections.removeAll { $0 === connection }
    if draining.latest === connection { draining.latest = nil }
    metadata?.left(connection.number)
    history.left(connection.number, at: peer.endpoint, source: source, brought: brought)
    events.send(.peerDisconnected(peer.endpoint, reason: end.reason))
    return (end, brought)
  }

  /// Returns the transport, within our rate limits if there are any.
  private func throttled(_ transport: any Transport) -> any Transport {
    let options = session.options
    guard options.downloadLimiter != nil || options.uploadLimiter != nil else { return transport }
    return ThrottledTransport(
      transport, downloads: options.downloadLimiter, uploads: options.uploadLimiter, clock: clock)
  }

  // MARK: - Bans

  /// Ends the connections of a source that has lied, and never speaks to it again, even if it has
  /// left before it was found out.
  func ban(_ number: PeerNumber, reason: String) {
    if content?.webSeeds.ban(number, reason: reason) == true { return }
    guard let endpoint = endpoint(of: number), !book.isBanned(endpoint) else { return }
    book.ban(endpoint)
    history.banned.append(endpoint)
    events.send(.peerBanned(endpoint, reason: reason))
    for connection in connections where book.isBanned(connection.endpoint) {
      connection.stop(.lied)
    }
  }

  /// Returns the address of a peer that is or was connected.
  func endpoint(of number: PeerNumber) -> Endpoint? {
    connection(number)?.endpoint ?? history.endpoint(of: number)
  }

  /// Returns the addresses of peers, each once.
  func endpoints(of peers: [PeerNumber]) -> [Endpoint] {
    var seen: Set<PeerNumber> = []
    return peers.filter { seen.insert($0).inserted }.compactMap { endpoint(of: $0) }
  }
}
