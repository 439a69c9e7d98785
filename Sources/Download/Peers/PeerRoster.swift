import Networking
import PeerWire
import Primitives
import Storage
import Swarm

/// Everybody in the swarm that we know: whom to dial, who is connected, who may download from us,
/// who is banned.
@Reactor
final class PeerRoster {
  /// What stays the same for all peers of a run.
  struct Settings {
    let greeting: PeerGreeting
    let maximumPeers: Int
    let pipeline: Int?
    let downloadLimiter: RateLimiter?
    let uploadLimiter: RateLimiter?
    /// The torrent's `info` dictionary, for peers that lack it.
    let metadata: ArraySlice<UInt8>
    /// Whether peers tell us of others, and we tell them.
    let exchangesPeers: Bool
    /// Where we listen.
    let listeningEndpoints: [Endpoint]
  }

  static let connectTimeout = Duration.seconds(10)
  /// How many connections that we have dialled may be in the making.
  static let halfOpenLimit = 256
  /// A stop of the process from which on peers may have hung up because of it.
  private static let longStandstill = Duration.seconds(5)
  /// The bytes of blocks that make it worth while to dial a peer again at once.
  static let muchBrought: Int64 = 1 << 20
  /// How soon one choice of whom to serve may follow another.
  static let rechokePause = Duration.milliseconds(100)

  let settings: Settings
  let environment: Environment
  let work: PieceWork
  let storage: TorrentStorage
  let events: EventSink
  var book: PeerBook
  var choker: Choker
  var ledger = CorruptionLedger()
  /// Connected peers in the order in which they joined.
  private(set) var sessions: [PeerSession] = []
  private(set) var bannedPeers: [Endpoint] = []
  /// What peers that left have moved.
  private(set) var past = PastTraffic()
  /// Our part in the distributed hash table, if we take any.
  var dht: DHTService?
  /// Where peers can reach us, once we listen.
  var listeningPort: UInt16?
  /// Called when nobody is left whom we are connected to or could dial soon.
  var ranOut: () -> Void = {}
  /// Called with a block that somebody who is no peer of ours need not bring any more.
  var cancelElsewhere: (Block, PeerNumber) -> Void = { _, _ in }
  private var nextNumber = 0
  /// Whether any peer has ever been connected.
  var hasMetAnybody: Bool { nextNumber > 0 }
  /// How many pieces of the metadata we give away, to all together.
  var metadataAllowance: MessageAllowance
  private var dialling = 0
  private var welcoming = 0
  private var arrivals = Fifo<any Transport>()
  /// Connections on which handshakes have passed before this roster was made.
  private var adopted: [FoundSwarm.Connection] = []
  private var admission = Admission()
  private var departed = DepartedPeers()
  let wakeup = Wakeup()
  /// Addresses of this machine at which peers have met us.
  var ownAddresses: Set<IPAddress> = []
  /// What each source has brought.
  var tallies: [PeerSource: SourceRecord] = [:]
  var turnover: PeerTurnover
  var isClosed = false
  var listeningEndpoints: [Endpoint] { settings.listeningEndpoints }
  private var dialTimer: TimerID?
  var rechokeTimer: TimerID?
  var lastRechoke = Instant.zero

  init(
    settings: Settings, environment: Environment, work: PieceWork, storage: TorrentStorage,
    events: EventSink
  ) {
    self.settings = settings
    self.environment = environment
    self.work = work
    self.storage = storage
    self.events = events
    metadataAllowance = Self.metadataAllowance(limit: settings.uploadLimiter?.bytesPerSecond)
    turnover = PeerTurnover(now: environment.clock.now)
    book = PeerBook(random: environment.random)
    choker = Choker(random: environment.random)
  }

  // MARK: - The task of the roster

  /// Dials and welcomes peers until closed; each connection is a child task.
  func run() async {
    await withDiscardingTaskGroup { group in
      for connection in adopted { group.addTask { await self.meet(adopted: connection) } }
      adopted = []
      while !isClosed {
        while welcoming < Admission.welcomeLimit, let transport = arrivals.popFirst() {
          welcoming += 1
          group.addTask { await self.welcome(transport) }
        }
        while hasRoom, let endpoint = book.nextDial(now: environment.clock.now) {
          dialling += 1
          group.addTask { await self.dial(endpoint) }
        }
        scheduleNextDial()
        guard await wakeup.wait() else { break }
      }
      isClosed = true
      for session in sessions { session.stop(.finished) }
      while let transport = arrivals.popFirst() { transport.close() }
      group.cancelAll()
    }
  }

  /// Ends all connections.
  func close() {
    isClosed = true
    if let timer = rechokeTimer { environment.clock.cancel(timer) }
    wakeup.fire()
  }

  private var hasRoom: Bool {
    dialling < Self.halfOpenLimit && connectionCount < settings.maximumPeers
  }

  private var connectionCount: Int { sessions.count + dialling + welcoming + arrivals.count }

  /// How many connections may come from others: never so many that we could not dial any more.
  private var incomingLimit: Int {
    let all = settings.maximumPeers
    return max(1, work.board.isComplete ? all - all / 8 : all - all / 2)
  }

  private func scheduleNextDial() {
    if let timer = dialTimer { environment.clock.cancel(timer) }
    dialTimer = nil
    guard hasRoom, let time = book.nextDialTime else { return }
    dialTimer = environment.clock.schedule(at: time) { [wakeup] in wakeup.fire() }
  }

  // MARK: - New peers

  /// Takes connections from a listener until it is closed.
  func accept(from listener: any Listener) async {
    await listener.acceptEach(while: { !isClosed }) { transport in
      guard connectionCount < settings.maximumPeers, arrivals.count < Admission.waitingLimit,
        !book.isBanned(transport.remote), admit(transport)
      else { return false }
      arrivals.append(transport)
      wakeup.fire()
      return true
    }
  }

  /// Takes over a connection of the time before the torrent was known; to be called before `run()`.
  ///
  /// A peer that would have to be told at once what we have is dialled anew instead.
  func adopt(_ connection: FoundSwarm.Connection) {
    let peer = connection.peer
    guard work.board.verified.isEmpty, peer.isOutgoing || admit(peer.transport) else {
      return peer.transport.close()
    }
    if peer.isOutgoing {
      book.adopt(peer.endpoint, source: connection.source)
      tallies[connection.source, default: .init()].found += 1
    }
    adopted.append(connection)
  }

  private func meet(adopted connection: FoundSwarm.Connection) async {
    let peer = connection.peer
    if peer.isOutgoing {
      await meet(dialled: peer, from: connection.source, isAdopted: true)
    } else {
      _ = await meet(peer, from: .incoming, isAdopted: true)
      admission.left(peer.transport.remote.address)
      wakeup.fire()
    }
  }

  private func admit(_ transport: any Transport) -> Bool {
    admission.admit(transport.remote.address, limit: incomingLimit)
  }

  private func dial(_ endpoint: Endpoint) async {
    var greeted: GreetedPeer?
    do throws(NetworkError) {
      let transport = try await environment.network.connect(
        to: endpoint, timeout: Self.connectTimeout)
      greeted = await settings.greeting.dialled(transport, at: endpoint) { book.forget($0) }
    } catch {
      greeted = nil
    }
    dialling -= 1
    // There is room for one more dial now, however this one ended.
    wakeup.fire()
    guard let peer = greeted, !isClosed else {
      greeted?.transport.close()
      book.dialFailed(endpoint, now: environment.clock.now)
      return lookOn()
    }
    book.connected(endpoint)
    await meet(dialled: peer, from: book.source(of: endpoint) ?? .given)
  }

  private func meet(
    dialled peer: GreetedPeer, from source: PeerSource, isAdopted: Bool = false
  ) async {
    let standstill = environment.clock.standstill
    let (end, brought) = await meet(peer, from: source, isAdopted: isAdopted)
    // We were silent for as long as the process was stopped, so the peer is not to blame.
    let wasStopped = environment.clock.standstill - standstill >= Self.longStandstill
    let parting: PeerBook.Parting? =
      switch end {
      case .lied: nil
      case .lost where wasStopped, .silent where wasStopped, .stalled where wasStopped: .interrupted
      case .lost where brought >= Self.muchBrought: .interrupted
      default: brought > 0 ? .useful : .useless
      }
    if let parting { book.disconnected(peer.endpoint, parting, now: environment.clock.now) }
    lookOn()
  }

  /// A connection, or the try at one, is over: somebody else may be dialled.
  private func lookOn() {
    wakeup.fire()
    if !isClosed, sessions.isEmpty, !book.hasCandidates { ranOut() }
  }

  private func welcome(_ transport: any Transport) async {
    let greeted = await settings.greeting.accepted(transport) { book.forget($0) }
    welcoming -= 1
    if let peer = greeted {
      if isClosed { peer.transport.close() } else { _ = await meet(peer, from: .incoming) }
    }
    admission.left(transport.remote.address)
    wakeup.fire()
  }

  // MARK: - Connected peers

  /// Runs one peer's session to its end; says how many bytes it brought.
  private func meet(
    _ peer: GreetedPeer, from source: PeerSource, isAdopted: Bool = false
  ) async -> (end: PeerEnd, brought: Int64) {
    guard !book.isBanned(peer.endpoint) else {
      peer.transport.close()
      return (.lied, 0)
    }
    if let other = sessions.first(where: { $0.isSamePeer(as: peer) && $0.end == nil }) {
      let greeting = settings.greeting
      guard greeting.prefers(peer, toOneFrom: other.joined, isOutgoing: other.isOutgoing) else {
        peer.transport.close()
        return (.duplicate, 0)
      }
      other.stop(.duplicate)
    }
    let session = PeerSession(
      number: makeNumber(), connection: throttled(peer), pipeline: settings.pipeline,
      limiter: settings.downloadLimiter, work: work, swarm: self, clock: environment.clock)
    session.source = source
    sessions.append(session)
    if source == .incoming { tallies[source, default: .init()].found += 1 }
    noteOwnAddress(peer.transport.local.address)
    // Of one that was met before the torrent was known, everybody has heard.
    if !isAdopted {
      events.send(
        .peerConnected(peer.endpoint, client: ClientName.of(peer.peerID), source: source))
    }
    let end = await session.run()
    sessions.removeAll { $0 === session }
    past.add(session.traffic)
    tallies[source, default: .init()].downloaded += session.traffic.downloaded.total
    events.send(.peerDisconnected(peer.endpoint, reason: end.reason))
    if session.traffic.downloaded.total > 0 { departed.add(session.number, session.endpoint) }
    if session.machine.peerInterested { interestChanged(of: session) }
    return (end, session.traffic.downloaded.total)
  }

  /// A number that was never given before.
  func makeNumber() -> PeerNumber {
    defer { nextNumber += 1 }
    return PeerNumber(nextNumber)
  }

  /// The same connection, within the bounds of rate if there are any.
  private func throttled(_ peer: GreetedPeer) -> GreetedPeer {
    guard settings.downloadLimiter != nil || settings.uploadLimiter != nil else { return peer }
    let transport = ThrottledTransport(
      peer.transport, downloads: settings.downloadLimiter, uploads: settings.uploadLimiter,
      clock: environment.clock)
    return GreetedPeer(
      transport: transport, endpoint: peer.endpoint, peerID: peer.peerID,
      isOutgoing: peer.isOutgoing, features: peer.features, received: peer.received,
      unsent: peer.unsent)
  }

  /// The session of that number, while it lasts.
  ///
  /// Numbers rise, so the list is sorted.
  func session(_ number: PeerNumber) -> PeerSession? {
    var range = sessions.startIndex..<sessions.endIndex
    while !range.isEmpty {
      let middle = range.lowerBound + range.count / 2
      if sessions[middle].number == number { return sessions[middle] }
      range =
        sessions[middle].number < number
        ? middle + 1..<range.upperBound : range.lowerBound..<middle
    }
    return nil
  }

  /// Ends the peer's connections and never speaks to it again, even if it has left before it was
  /// found out.
  func ban(_ number: PeerNumber, reason: String) {
    guard let endpoint = endpoint(of: number), !book.isBanned(endpoint) else { return }
    book.ban(endpoint)
    bannedPeers.append(endpoint)
    events.send(.peerBanned(endpoint, reason: reason))
    for session in sessions where book.isBanned(session.endpoint) { session.stop(.lied) }
  }

  /// Where a peer is, or was.
  func endpoint(of number: PeerNumber) -> Endpoint? {
    session(number)?.endpoint ?? departed.endpoint(of: number)
  }
}
