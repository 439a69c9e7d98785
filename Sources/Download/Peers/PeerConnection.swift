import Networking
import PeerWire
import Primitives
import Swarm

/// One connected peer, from the handshake to the end of the connection.
///
/// Three child tasks share it, all on the loop: the *claimer* pulls pieces from its lane and has
/// their blocks requested, the *reader* takes arriving bytes and never pauses while there is
/// something to read, and the *server* sends the blocks that the peer requested. None of them
/// throws: any failure sets `end` once, closes the transport and wakes the others.
///
/// It exists before the torrent's pieces are known. It then reads with a `PreludeReader`, which
/// keeps the messages about pieces, and goes on with an `InboundMachine` when the pieces are known.
///
/// It translates between messages and the inputs and actions of the swarm's exchange, and decides
/// nothing about pieces itself.
@Reactor
final class PeerConnection {
  let number: PeerNumber
  /// The connection as it was greeted.
  let peer: GreetedPeer
  let source: PeerSource
  let joined: Instant
  /// The peer's transport, behind our rate limits if there are any.
  let transport: any Transport
  /// The swarm, which lets go of the connection at its end.
  let swarm: TorrentSwarm

  var machine: PeerConnectionMachine
  /// The reader of a connection whose torrent is not known; nil once it is.
  var prelude: PreludeReader?
  var inbound: InboundMachine
  var extensions = PeerExtensions()
  var route = RouteWatch()
  let wakeups = ConnectionWakeups()
  /// The number of bytes of `machine.outgoing` that the kernel has taken.
  private var sentCount = 0
  /// A Boolean value indicating whether the lane was woken, and sends the collected messages when
  /// it is done.
  var isLaneDue = false
  /// The reason for the end; it is set once, and ends all tasks of the connection.
  private(set) var end: PeerEnd?

  init(
    number: PeerNumber, peer: GreetedPeer, source: PeerSource, transport: any Transport,
    swarm: TorrentSwarm
  ) {
    self.number = number
    self.peer = peer
    self.source = source
    self.transport = transport
    self.swarm = swarm
    joined = swarm.clock.now
    machine = PeerConnectionMachine(now: joined)
    inbound = InboundMachine(geometry: swarm.exchange.board.geometry)
    prelude = swarm.exchange.isKnown ? nil : PreludeReader()
  }

  var endpoint: Endpoint { peer.endpoint }

  var clock: any LoopClock { swarm.clock }

  /// Runs the connection until it ends; returns the reason, and the payload that the peer brought.
  func run() async -> (end: PeerEnd, brought: Int64) {
    swarm.exchange.join(number, now: joined)
    if !swarm.exchange.kept.isEmpty { machine.say(.bitfield(swarm.exchange.kept)) }
    if peer.features.contains(.extensions) { introduce() }
    tellDHTPort()
    extensions.nextPexLook = joined + .seconds(1)
    swarm.drain()
    flush()
    await withDiscardingTaskGroup { group in
      group.addTask { await self.claimPieces() }
      group.addTask { await self.serveRequests() }
      await readMessages()
    }
    let brought = swarm.exchange.downloaded(from: number)
    swarm.exchange.leave(number, now: clock.now)
    swarm.drain()
    return (end ?? .finished, brought)
  }

  /// Goes on with the pieces of a torrent that has become known, and takes up the kept messages.
  ///
  /// The first request leaves in the same turn.
  func begin() {
    guard let reader = prelude else { return }
    prelude = nil
    inbound = InboundMachine(
      geometry: swarm.exchange.board.geometry, received: reader.replay)
    // The peer learns how long the metadata is, and can ask us for it.
    if peer.features.contains(.extensions) { introduce() }
    takeUp()
  }

  /// Ends the connection; the first reason stays.
  func stop(_ reason: PeerEnd) {
    guard end == nil else { return }
    end = reason
    swarm.exchange.part(number)
    transport.close()
    wakeups.fireAll()
  }

  // MARK: - Sending

  /// The number of bytes that are not sent yet.
  var pendingBytes: Int { machine.outgoing.count - sentCount }

  /// Queues a message; the owner sends it with `flush()`.
  func say(_ message: PeerMessage) {
    guard end == nil else { return }
    machine.say(message)
  }

  /// Sends as much as the connection takes now; the server sends the rest.
  func flush() {
    guard end == nil else { return }
    while sentCount < machine.outgoing.count {
      switch transport.write(machine.outgoing[sentCount...]) {
      case .bytes(let count):
        sentCount += count
        machine.sent(now: clock.now)
      case .wouldBlock:
        wakeups.server.fire()
        return
      case .closed: return stop(.lost("closed by the peer"))
      case .failed(let code): return stop(.broken(code))
      }
    }
    machine.outgoing.removeAll(keepingCapacity: machine.outgoing.capacity <= 64 << 10)
    sentCount = 0
  }

  /// Withdraws the request for a block; the rest of a block that has begun to arrive is discarded.
  func cancel(_ block: Block) {
    inbound.abandon(block)
    say(.cancel(block))
  }

  // MARK: - Time

  /// Sends keep-alives and metadata, and detects silence; called twice a second.
  func tick(now: Instant) {
    route.look(transport, now: now)
    guard machine.tick(now: now) else { return stop(.silent) }
    if pendingBytes > 4 << 20 { return stop(.stuck) }
    giveMetadata(now: now)
    flush()
  }
}

/// The signals that the tasks of a connection wait for.
@Reactor
struct ConnectionWakeups {
  let lane = Wakeup()
  let server = Wakeup()
  let reader = Wakeup()

  nonisolated init() {}

  func fireAll() {
    lane.fire()
    server.fire()
    reader.fire()
  }
}

/// The round trip time of a connection, as the kernel measures it.
struct RouteWatch {
  /// The time to the peer and back, in seconds.
  private(set) var roundTrip = 0.1
  private var nextLook = Instant.zero

  /// Asks the kernel from time to time, because each call has its cost.
  @Reactor
  mutating func look(_ transport: any Transport, now: Instant) {
    guard now >= nextLook, let measured = transport.roundTrip else { return }
    roundTrip = Double(measured.inNanoseconds) / 1e9
    nextLook = now + .seconds(2)
  }
}
