import Metainfo
import Networking
import PeerWire
import Primitives
import Swarm
import Tracker

/// The peers that may have a torrent's metadata: whom to dial, who is connected, and what was
/// requested from whom.
///
/// It does for the metadata what `Pipeline` and `PeerRoster` do for the pieces. The number of
/// connections is bounded by `connectionLimit`, of which incoming ones may use half.
@Reactor
final class MetadataSwarm {
  /// The maximum number of connections.
  static let connectionLimit = 60
  /// The time for which a peer without the metadata may keep its slot while others wait.
  private static let trial = Duration.seconds(20)
  private static let interval = Duration.seconds(1)

  let link: MagnetLink
  let options: DownloadOptions
  let environment: Environment
  let events: EventSink
  let peerID: PeerID
  let listeners: [any Listener]
  let announcer: Announcer
  /// The DHT service; nil if the DHT is off.
  let dht: DHTService?
  private(set) var discovery: LocalDiscovery?
  private let greeting: PeerGreeting
  private var assembler: MetadataAssembler
  var book: PeerBook
  /// The connected sessions by number.
  private(set) var sessions: [Int: MetadataSession] = [:]
  private(set) var trackerReports: [TrackerReport] = []
  private var nextNumber = 0
  private var dialling = 0
  private var welcoming = 0
  private var arrivals = Fifo<any Transport>()
  private var admission = Admission()
  private var told = MetadataProgress()
  private let wakeup = Wakeup()
  private let ended = Wakeup()
  /// The result of the search: the metadata, or the failure.
  private(set) var result: Result<[UInt8], DownloadError>?

  init(
    link: MagnetLink, options: DownloadOptions, environment: Environment, events: EventSink
  ) throws(DownloadError) {
    self.link = link
    self.options = options
    self.environment = environment
    self.events = events
    listeners = try Pipeline.listen(options, environment.network)
    var random = environment.random
    peerID = PeerID.make(prefix: ClientIdentity.peerIDPrefix, using: &random)
    greeting = PeerGreeting(
      infoHash: link.infoHash, ownID: peerID, clock: environment.clock,
      features: options.dht == nil ? .extensions : [.extensions, .dht])
    assembler = MetadataAssembler(
      infoHash: link.infoHash, random: SeededRandom(seed: random.next()))
    book = PeerBook(random: SeededRandom(seed: random.next()))
    let port = listeners.first?.endpoint.port ?? 0
    let tiers = options.torrent.sources.trackers ?? link.trackers.map { [$0] }
    // The trackers of a link have no order, and the search depends on the first peer found.
    announcer = Announcer(
      tiers: tiers, infoHash: link.infoHash, peerID: peerID, port: port, http: environment.http,
      network: environment.network, clock: environment.clock,
      random: SeededRandom(seed: random.next()), announcesToAll: true,
      allowsLocalURLs: options.session.allowsLocalURLs)
    dht = options.dht.map { dht in
      DHTService(
        infoHash: link.infoHash, nodes: [], hasTrackers: tiers.contains { !$0.isEmpty },
        listeningPort: port,
        addresses: options.session.ownAddresses, options: dht,
        environment: environment)
    }
    connectParts(random: SeededRandom(seed: random.next()))
    events.send(.listening(port: port))
    learn(options.torrent.sources.peers, source: .given)
  }

  private func connectParts(random: SeededRandom) {
    announcer.delegate = self
    dht?.found = { [unowned self] in learn($0, source: .dht) }
    dht?.joined = { [unowned self] in for session in ordered { session.tellDHTPort() } }
    dht?.reports = { [unowned self] in events.send(.dht($0)) }
    dht?.needs = { [unowned self] in
      DHTService.Needs(connectedPeers: sessions.count, isSeed: false)
    }
    guard options.torrent.sources.usesLocalDiscovery else { return }
    discovery = LocalDiscovery(
      infoHash: link.infoHash, port: listeners.first?.endpoint.port ?? 0,
      environment: environment, random: random
    ) { [weak self] in self?.learn([$0], source: .lsd) }
  }

  /// A Boolean value indicating whether there is any source of peers, or a well-known port.
  var hasPeerSource: Bool {
    announcer.hasTrackers || book.knownCount > 0 || !link.peers.isEmpty || options.session.port != 0
      || dht != nil || discovery != nil
  }

  /// The sessions in the order in which they began.
  var ordered: [MetadataSession] { sessions.values.sorted { $0.number < $1.number } }

  // MARK: - The task

  /// Dials and accepts peers until cancelled; each connection is a child task.
  func run() async {
    await withDiscardingTaskGroup { group in
      group.addTask { await self.keepTime() }
      group.addTask { await self.resolvePeers() }
      while result == nil {
        while welcoming < Admission.welcomeLimit, let transport = arrivals.popFirst() {
          welcoming += 1
          group.addTask { await self.welcome(transport) }
        }
        while connectionCount < limit, let endpoint = book.nextDial(now: environment.clock.now) {
          dialling += 1
          group.addTask { await self.dial(endpoint) }
        }
        guard await wakeup.wait() else { break }
      }
      while let transport = arrivals.popFirst() { transport.close() }
      group.cancelAll()
    }
  }

  /// Waits for the result; cancelling the task ends the search.
  func waitForEnd() async {
    while result == nil {
      guard await ended.wait() else { return finish(.failure(.cancelled)) }
    }
  }

  /// Ends the search; the first result stays.
  func finish(_ outcome: Result<[UInt8], DownloadError>) {
    guard result == nil else { return }
    result = outcome
    ended.fire()
    wakeup.fire()
  }

  private var limit: Int {
    min(Self.connectionLimit, options.session.maximumPeers, environment.connectionLimit)
  }

  private var connectionCount: Int { sessions.count + dialling + welcoming + arrivals.count }

  /// Accepts connections until the listener is closed or the task cancelled.
  func accept(from listener: any Listener) async {
    await listener.acceptEach(while: { result == nil }) { transport in
      guard connectionCount < limit, arrivals.count < Admission.waitingLimit,
        !book.isBanned(transport.remote),
        admission.admit(transport.remote.address, limit: max(1, limit / 2))
      else { return false }
      arrivals.append(transport)
      wakeup.fire()
      return true
    }
  }

  // MARK: - Connections

  private func dial(_ endpoint: Endpoint) async {
    var greeted: GreetedPeer?
    do throws(NetworkError) {
      let transport = try await environment.network.connect(
        to: endpoint, timeout: PeerRoster.connectTimeout)
      greeted = await greeting.dialled(transport, at: endpoint) { book.forget($0) }
    } catch {
      greeted = nil
    }
    dialling -= 1
    wakeup.fire()
    guard let peer = greeted, result == nil else {
      greeted?.transport.close()
      return book.dialFailed(endpoint, now: environment.clock.now)
    }
    book.connected(endpoint)
    let end = await meet(peer, from: book.source(of: endpoint) ?? .given)
    guard let end, end != .lied else { return }
    book.disconnected(endpoint, .useless, now: environment.clock.now)
    if sessions.isEmpty, !book.hasCandidates { announcer.peersRanOut() }
    wakeup.fire()
  }

  private func welcome(_ transport: any Transport) async {
    let greeted = await greeting.accepted(transport) { book.forget($0) }
    welcoming -= 1
    if let peer = greeted {
      if result == nil { _ = await meet(peer, from: .incoming) } else { peer.transport.close() }
    }
    admission.left(transport.remote.address)
    wakeup.fire()
  }

  /// Runs one peer's session to its end; returns nil if the search ended first.
  private func meet(_ peer: GreetedPeer, from source: PeerSource) async -> PeerEnd? {
    guard !book.isBanned(peer.endpoint) else {
      peer.transport.close()
      return .lied
    }
    if let other = sessions.values.first(where: { $0.isSamePeer(as: peer) && $0.end == nil }) {
      guard
        greeting.prefers(peer, toOneFrom: other.joined, isOutgoing: other.peer.isOutgoing)
      else {
        peer.transport.close()
        return .duplicate
      }
      other.stop(.duplicate)
    }
    let session = MetadataSession(
      number: nextNumber, peer: peer, source: source, swarm: self, now: environment.clock.now)
    nextNumber += 1
    sessions[session.number] = session
    events.send(
      .peerConnected(peer.endpoint, client: ClientName.of(peer.peerID), source: source))
    let end = await session.run()
    guard let end else { return nil }
    sessions[session.number] = nil
    assembler.left(session.number)
    events.send(.peerDisconnected(peer.endpoint, reason: end.reason))
    if result == nil { askForPieces() }
    return end
  }

  // MARK: - The metadata

  /// Handles a peer's extension handshake.
  func introduced(_ handshake: ExtensionHandshake, _ session: MetadataSession) {
    if let address = handshake.yourAddress {
      book.heard(
        ownAddress: address, from: session.peer.endpoint.address,
        port: listeners.first?.endpoint.port ?? 0)
    }
    guard session.machine.speaks(.metadata), let size = handshake.metadataSize else { return }
    assembler.joined(session.number, size: size)
  }

  /// Handles a peer's metadata message.
  func received(_ message: MetadataMessage, from session: MetadataSession) throws(WireError) {
    let outcome = try assembler.received(
      message, from: session.number, now: environment.clock.now)
    for liar in outcome.liars {
      guard let session = sessions[liar] else { continue }
      book.ban(session.peer.endpoint)
      events.send(.peerBanned(session.peer.endpoint, reason: "sent wrong metadata"))
      session.stop(.lied)
    }
    if let info = outcome.info { finish(.success(info)) }
  }

  /// Sends the metadata requests that are due.
  func askForPieces() {
    var asked: [Int: MetadataSession] = [:]
    for request in assembler.nextRequests(now: environment.clock.now) {
      guard let session = sessions[request.peer] else { continue }
      session.ask(for: request.piece)
      asked[session.number] = session
    }
    for session in asked.values { session.flush() }
  }

  func note(_ report: TrackerReport) {
    if let index = trackerReports.firstIndex(where: { $0.url == report.url }) {
      if report.state != .announcing { trackerReports[index] = report }
    } else {
      trackerReports.append(report)
    }
  }

  /// Wakes the dialling loop.
  func wake() { wakeup.fire() }

  // MARK: - Time

  private func keepTime() async {
    let clock = environment.clock
    while result == nil, await clock.sleep(for: Self.interval) {
      for session in ordered { session.tick() }
      makeRoom(now: clock.now)
      askForPieces()
      tell()
      wakeup.fire()
    }
  }

  /// Drops a peer that does not offer the metadata when others need its slot.
  private func makeRoom(now: Instant) {
    guard connectionCount >= limit, book.nextDialTime.map({ $0 <= now }) ?? false else { return }
    let useless = ordered.first {
      !assembler.contains($0.number) && now - $0.joined >= Self.trial
    }
    useless?.stop(.replaced)
  }

  /// Reports the progress if it has changed.
  private func tell() {
    var progress = MetadataProgress()
    progress.connectedPeers = sessions.count
    progress.offeringPeers = assembler.peerCount
    progress.knownPeers = book.knownCount
    if let (received, size) = assembler.progress {
      progress.receivedBytes = received
      progress.totalBytes = size
    }
    guard progress != told else { return }
    told = progress
    events.send(.fetchingMetadata(progress))
  }

  /// Resolves the peers named in the link.
  private func resolvePeers() async {
    for peer in link.peers {
      do throws(NetworkError) {
        let found = try await environment.network.resolve(host: peer.host, port: peer.port)
        learn(found, source: .given)
      } catch {
        guard error != .cancelled else { return }
      }
    }
  }
}
