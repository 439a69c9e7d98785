import Networking
import PeerWire
import Primitives
import Swarm

/// The one place of a swarm where connections begin and end: it dials, welcomes and greets peers,
/// and has the book of those that can be dialled.
@Reactor
final class PeerGate {
  /// The numbers that bound connections.
  enum Policy {
    /// The time limit for establishing a connection.
    static let connectTimeout = Duration.seconds(10)
    /// The number of peers that may be connected while only the metadata is fetched.
    static let metadataPeers = 60
    /// The shortest stop of the process because of which peers may have closed the connection.
    static let longStandstill = Duration.seconds(5)
    /// The time that a peer has to choose one of two simultaneous connections.
    static let twinPatience = Duration.seconds(2)
    /// The payload that makes it worthwhile to dial a peer again at once, in bytes.
    static let muchBrought: Int64 = 1 << 20
  }

  private unowned let swarm: TorrentSwarm
  private let session: SessionCore
  /// The peers that are known.
  var book: PeerBook
  /// The number of dials under way.
  private var dialling = 0
  /// The peers that have dialled us and wait to be met.
  private var arrivals = Fifo<GreetedPeer>()
  private var timer: TimerID?
  let wakeup = Wakeup()
  private var isClosed = false

  init(swarm: TorrentSwarm, random: SeededRandom) {
    self.swarm = swarm
    session = swarm.session
    book = PeerBook(random: random)
  }

  private var clock: any LoopClock { session.environment.clock }

  private var infoHash: InfoHash { swarm.infoHash }

  /// Dials and meets peers until closed; each connection is a child task.
  func run() async {
    await withDiscardingTaskGroup { group in
      while !isClosed {
        while let peer = arrivals.popFirst() {
          group.addTask { await self.meet(arrived: peer) }
        }
        while isDialDue, hasRoom, let endpoint = book.nextDial(now: clock.now) {
          dialling += 1
          session.connections.began(for: infoHash)
          let source = book.source(of: endpoint) ?? .given
          group.addTask { await self.dial(endpoint, from: source) }
        }
        scheduleNextDial()
        guard await wakeup.wait() else { break }
      }
      isClosed = true
      for connection in swarm.connections { connection.stop(.finished) }
      while let peer = arrivals.popFirst() { turnAway(peer) }
      group.cancelAll()
    }
  }

  /// Ends all connections.
  func close() {
    isClosed = true
    if let timer { clock.cancel(timer) }
    timer = nil
    wakeup.fire()
  }

  private var connectionCount: Int { swarm.connections.count + dialling + arrivals.count }

  /// A Boolean value indicating whether there is a peer to dial now.
  ///
  /// A torrent without one must not ask for room, because other torrents would make it.
  private var isDialDue: Bool { book.nextDialTime.map { $0 <= clock.now } ?? false }

  private var hasRoom: Bool {
    connectionCount < limit && session.connections.mayDial(for: infoHash)
  }

  private var limit: Int {
    let most = session.connections.limit
    return swarm.metadata == nil ? most : min(Policy.metadataPeers, most)
  }

  /// A Boolean value indicating whether no further connection may be begun.
  var isFull: Bool { connectionCount >= limit }

  private func scheduleNextDial() {
    if let timer = timer { clock.cancel(timer) }
    timer = nil
    // A dial that only waits for room is woken by the end of a connection, here or of another
    // torrent.
    guard let time = book.nextDialTime, time > clock.now else { return }
    timer = clock.schedule(at: time) { [wakeup] in wakeup.fire() }
  }

  // MARK: - New connections

  /// Returns whether a peer from there may connect now.
  ///
  /// Incoming connections never take all places, so that we can still dial.
  func admits(_ remote: Endpoint) -> Bool {
    guard !isClosed, !book.isBanned(remote), connectionCount < limit else { return false }
    let incoming = swarm.connections.count { $0.source == .incoming } + arrivals.count
    let isSeeding = swarm.exchange.isKnown && swarm.exchange.board.isComplete
    return incoming < max(1, isSeeding ? limit - limit / 8 : limit - limit / 2)
  }

  /// Takes a peer that has dialled us.
  func welcomed(_ peer: GreetedPeer) {
    guard !isClosed else { return turnAway(peer) }
    arrivals.append(peer)
    wakeup.fire()
  }

  private func turnAway(_ peer: GreetedPeer) {
    peer.transport.close()
    session.connections.ended(.incoming(peer.transport.remote.address), for: infoHash)
  }

  private func meet(arrived peer: GreetedPeer) async {
    _ = await meet(peer, from: .incoming)
    session.connections.ended(.incoming(peer.transport.remote.address), for: infoHash)
    wakeup.fire()
  }

  private func dial(_ endpoint: Endpoint, from source: PeerSource) async {
    var greeted: GreetedPeer?
    do throws(NetworkError) {
      let transport = try await session.environment.network.connect(
        to: endpoint, timeout: Policy.connectTimeout)
      greeted = await swarm.owner.greeting.dialled(transport, at: endpoint) { book.forget($0) }
    } catch {
      greeted = nil
    }
    dialling -= 1
    // There is room for one more dial now, however this one ended.
    wakeup.fire()
    // A peer that was forgotten meanwhile may not be used.
    guard let peer = greeted, !isClosed, book.source(of: endpoint) != nil else {
      greeted?.transport.close()
      session.connections.ended(.failedDial, for: infoHash)
      book.dialFailed(endpoint, now: clock.now)
      return lookOn()
    }
    book.connected(endpoint)
    session.connections.established(for: infoHash)
    await meet(dialled: peer, from: source)
    session.connections.ended(.outgoing, for: infoHash)
    wakeup.fire()
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

  /// Looks for other peers after the end of a connection, or of the attempt at one.
  private func lookOn() {
    wakeup.fire()
    if !isClosed, swarm.connections.isEmpty, !book.hasCandidates { swarm.owner.ranOutOfPeers() }
  }

  // MARK: - Connected peers

  /// Runs one peer's connection to its end; returns the reason and the bytes that it brought.
  private func meet(
    _ peer: GreetedPeer, from source: PeerSource
  ) async -> (end: PeerEnd, brought: Int64) {
    guard !isClosed, !book.isBanned(peer.endpoint) else {
      peer.transport.close()
      return (.lied, 0)
    }
    let twins = swarm.connections.filter { $0.peer.isSamePeer(as: peer) && $0.end == nil }
    if let first = twins.first {
      guard twins.count == 1,
        swarm.owner.greeting.areSimultaneous(peer, first.peer, since: first.joined)
      else {
        peer.transport.close()
        return (.duplicate, 0)
      }
      partTwins(of: peer)
    }
    return await swarm.run(peer, from: source)
  }

  /// Ends one of two simultaneous connections to a peer, unless the peer does so first.
  ///
  /// Each side must give up the same one, or both are lost. Clients without our rule keep the one
  /// that was complete first on their side, and close the other at once. So both stay for a moment,
  /// and the rule decides only if the peer has not.
  private func partTwins(of peer: GreetedPeer) {
    _ = clock.schedule(after: Policy.twinPatience) { [weak swarm] in
      guard let swarm else { return }
      let twins = swarm.connections.filter { $0.peer.isSamePeer(as: peer) && $0.end == nil }
      guard twins.count > 1 else { return }
      for twin in twins where !swarm.owner.greeting.stays(twin.peer) { twin.stop(.duplicate) }
    }
  }

  // MARK: - Addresses

  /// Takes in the addresses of peers.
  ///
  /// Addresses that no peer can have, and our own, are left out, whatever their source.
  func learn(_ endpoints: [Endpoint], source: PeerSource) {
    let now = clock.now
    for endpoint in endpoints
    where endpoint.port != 0 && endpoint.address.isPossiblePeer && !isOurs(endpoint) {
      guard book.learn(endpoint, source: source, now: now) else { continue }
      swarm.history.found(1, by: source)
    }
    wakeup.fire()
  }

  /// Returns whether an address is one of those at which we listen.
  private func isOurs(_ endpoint: Endpoint) -> Bool {
    let address = endpoint.address.unmapped
    return session.listeningEndpoints.contains { own in
      guard own.port == endpoint.port else { return false }
      if own.address == address { return true }
      guard own.address.isUnspecified, own.address.isIPv6 == address.isIPv6 else { return false }
      return address.isLoopback || swarm.history.ownAddresses.contains(address)
    }
  }

  /// Records that a tracker sees us at an address (BEP 24); that counts as much as a peer's word.
  func seen(at address: IPAddress) {
    guard address.isPossiblePeer else { return }
    swarm.history.met(at: address)
    seen(at: address, by: address)
  }

  /// Records that a peer sees us at an address.
  func seen(at address: IPAddress, by peer: IPAddress) {
    book.heard(ownAddress: address, from: peer, port: session.port)
  }
}
