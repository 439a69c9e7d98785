import Networking
import PeerWire
import Primitives
import Swarm

/// One connected peer, from the handshake to the end of the connection.
///
/// Three child tasks share it, all on the loop: the *claimer* pulls pieces from its lane and asks
/// for their blocks, the *reader* takes what comes and never pauses while there is something to
/// read, the *server* sends what the peer asked for. None of them throws: whatever goes wrong sets
/// `end` once, closes the transport and wakes the others.
@Reactor
final class PeerSession: LaneWorker {
  let number: PeerNumber
  let endpoint: Endpoint
  let peerID: PeerID
  /// Who told us of the peer.
  var source = PeerSource.incoming
  let isOutgoing: Bool
  let features: Handshake.Features
  let joined: Instant
  let transport: any Transport
  let work: PieceWork
  unowned let swarm: any PeerSessionOwner
  let clock: any LoopClock

  var machine: PeerConnectionMachine
  var inbound: InboundMachine
  var window: RequestWindow
  /// What all peers may owe together, if the user limits what we receive.
  let limiter: RateLimiter?
  /// The blocks that the limiter's quota counts for this peer.
  private var countedBlocks = 0
  var traffic = PeerTraffic()
  /// The pieces whose blocks are asked for next, in the order of the claims.
  var claims = Fifo<Claim>()
  /// How much of `machine.outgoing` the kernel has taken.
  var sentCount = 0
  /// The piece that it brought the last missing block of most recently.
  var lastCompleted: PieceIndex?
  /// Whether the window is being filled up, over several claims.
  var isRefilling = false

  /// What the extension protocol has brought.
  var extensions = PeerExtensions()
  /// How long the network takes there and back, in seconds.
  var roundTrip = 0.1
  /// When the kernel is asked for that again, which costs a call.
  private var nextRoundTripLook = Instant.zero

  let laneWakeup = Wakeup()
  let serverWakeup = Wakeup()
  let readerWakeup = Wakeup()
  /// Whether the lane waits in `PieceWork.idle`.
  var isIdle = false
  /// Set once; then everything of this session winds down.
  private(set) var end: PeerEnd?

  init(
    number: PeerNumber, connection: GreetedPeer, pipeline: Int?, limiter: RateLimiter?,
    work: PieceWork, swarm: any PeerSessionOwner, clock: any LoopClock
  ) {
    self.number = number
    self.limiter = limiter
    endpoint = connection.endpoint
    peerID = connection.peerID
    isOutgoing = connection.isOutgoing
    features = connection.features
    transport = connection.transport
    self.work = work
    self.swarm = swarm
    self.clock = clock
    joined = clock.now
    machine = PeerConnectionMachine(now: clock.now)
    inbound = InboundMachine(geometry: work.geometry, received: connection.received)
    machine.outgoing = connection.unsent
    window = RequestWindow(pinned: pipeline, blockLength: work.geometry.blockLength)
  }

  /// Runs the connection until it ends, and says why it did.
  func run() async -> PeerEnd {
    work.joined(number)
    window.share = work.share(of: number)
    if !work.board.verified.isEmpty { machine.say(.bitfield(work.board.verified)) }
    if features.contains(.extensions) { introduce() }
    tellDHTPort()
    extensions.nextPexLook = joined + .seconds(1)
    flush()
    await withDiscardingTaskGroup { group in
      group.addTask { await self.claimPieces() }
      group.addTask { await self.serveRequests() }
      await readMessages()
    }
    work.left(self)
    return end ?? .finished
  }

  /// Tells a peer that takes part in the DHT where our node is, once we have one (BEP 5).
  func tellDHTPort() {
    guard features.contains(.dht), let port = swarm.dhtPort(for: endpoint.address) else { return }
    machine.say(.port(port))
  }

  /// Ends the connection; the first reason stays.
  func stop(_ reason: PeerEnd) {
    guard end == nil else { return }
    end = reason
    countOwed()
    transport.close()
    laneWakeup.fire()
    serverWakeup.fire()
    readerWakeup.fire()
  }

  var depth: Int { window.target }

  /// How many more blocks the peer may be asked for now.
  var room: Int {
    guard let limiter else { return window.room }
    let others = limiter.quota.owed - countedBlocks
    return max(0, min(window.room, limiter.quota.limit - others - window.count))
  }

  /// Tells the quota what the peer owes; one that is late holds up nobody else.
  func countOwed() {
    guard let limiter else { return }
    let count = end == nil && !window.isSnubbed ? window.count : 0
    limiter.quota.owed += count - countedBlocks
    countedBlocks = count
  }

  /// Whether the peer has every piece.
  var isSeed: Bool { work.board.isSeed(number) }

  /// Whether a new connection leads to the same peer: the same id at the same address.
  ///
  /// The id alone proves nothing, because everybody who has met the peer knows it: who borrows it
  /// must not keep us from the peer itself.
  func isSamePeer(as other: GreetedPeer) -> Bool {
    peerID == other.peerID && endpoint.address.unmapped == other.endpoint.address.unmapped
  }

  // MARK: - Sending

  /// Sends as much as the connection takes now; the server sends the rest.
  func flush() {
    guard end == nil else { return }
    while sentCount < machine.outgoing.count {
      switch transport.write(machine.outgoing[sentCount...]) {
      case .bytes(let count):
        sentCount += count
        machine.sent(now: clock.now)
      case .wouldBlock:
        serverWakeup.fire()
        return
      case .closed: return stop(.lost("closed by the peer"))
      case .failed(let code): return stop(.broken(code))
      }
    }
    machine.outgoing.removeAll(keepingCapacity: machine.outgoing.capacity <= 64 << 10)
    sentCount = 0
  }

  /// Bytes that wait to be sent.
  var pendingBytes: Int { machine.outgoing.count - sentCount }

  // MARK: - Time

  /// Twice a second: rates, late blocks, keep-alives, silence.
  func tick(now: Instant) {
    if now >= nextRoundTripLook, let measured = transport.roundTrip {
      roundTrip = Double(measured.inNanoseconds) / 1e9
      nextRoundTripLook = now + .seconds(2)
    }
    let becameSnubbed = window.tick(now: now)
    reportRate(now: now)
    window.share = work.share(of: number)
    countOwed()
    if becameSnubbed { work.wakeIdle() }
    guard machine.tick(now: now) else { return stop(.silent) }
    if window.isStalled(now: now) { return stop(.stalled) }
    // While the disk is behind we don't read, and the silence is ours.
    if !work.isBehind { askAnew(window.takeForgotten(now: now)) }
    if pendingBytes > 4 << 20 { return stop(.stuck) }
    requestBlocks()
    giveMetadata(now: now)
    flush()
  }

  /// Takes requests back, so that they can be made again, to this peer or another.
  private func askAnew(_ forgotten: [Block]) {
    for block in forgotten { tellCancelled(block) }
    work.release(forgotten, by: number)
  }

  func reportRate(now: Instant) {
    work.update(number, rate: traffic.downloaded.rate(now: now), isSnubbed: window.isSnubbed)
  }

  /// Tells the peer whether it has something for us.
  func updateInterest() {
    machine.setInterested(work.board.isInteresting(number))
  }

  /// Tells the peer that we have one more piece, unless it has it itself.
  func announce(_ piece: PieceIndex) {
    guard !work.board.has(number, piece) else { return }
    machine.say(.have(piece))
    flush()
  }

  /// Lets the peer ask us for blocks, or stops serving it.
  func setChoking(_ isChoking: Bool) {
    machine.setChoking(isChoking)
    flush()
  }

  /// Somebody else has delivered the block.
  func cancel(_ block: Block) {
    guard window.cancelled(block, now: clock.now) else { return }
    tellCancelled(block)
    flush()
    requestBlocks()
    flush()
  }

  /// The block may still come, but nobody waits for it.
  private func tellCancelled(_ block: Block) {
    inbound.abandon(block)
    machine.say(.cancel(block))
  }
}

/// Payload that one peer has moved.
struct PeerTraffic {
  var downloaded = RateMeter()
  var uploaded = RateMeter()
  /// Payload from the peer that was of no use, in bytes.
  var wasted: Int64 = 0
}

/// What a session needs of the swarm that it belongs to.
@Reactor
protocol PeerSessionOwner: AnyObject {
  /// Where peers can reach us; nil when they can't.
  var listeningPort: UInt16? { get }
  /// The port of our DHT node for a peer at this address; nil when we have none.
  func dhtPort(for address: IPAddress) -> UInt16?
  /// A peer has a DHT node there.
  func heardOfNode(at endpoint: Endpoint)
  /// The blocks' other owner no longer has to deliver it.
  func cancel(_ block: Block, at peer: PeerNumber)
  /// The peer says at which address it sees us.
  func seen(at address: IPAddress, by session: PeerSession)
  /// The torrent's `info` dictionary, for peers that lack it.
  var metadata: ArraySlice<UInt8> { get }
  /// Takes the right to send one piece of it; false when others have had as many as there may be.
  func takeMetadataTurn(now: Instant) -> Bool
  /// Whether peers tell us of others, and we tell them.
  var exchangesPeers: Bool { get }
  /// The peer has told us of others.
  func heard(of peers: [PexPeer])
  /// The peer wants nothing more, even if it lacks pieces.
  func becameUploadOnly(_ session: PeerSession)
  /// The peer wants something from us, or no longer does.
  func interestChanged(of session: PeerSession)
  /// The peer has told what it has.
  func availabilityChanged(of session: PeerSession)
  /// How much is read from the files at once, and may wait for a connection, in bytes.
  var serveBatch: Int { get }
  /// Reads blocks of verified pieces, each with its header, ready to be sent, as soon as the limit
  /// on what is sent allows it; nil when that fails.
  func readBlocks(_ blocks: [Block], for session: PeerSession) async -> [UInt8]?
}
