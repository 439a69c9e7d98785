import Networking
import PeerWire
import Primitives

/// One connection on which only the metadata is exchanged.
///
/// It ends with `stop`, or a download takes it over with everything both sides have said.
@Reactor
final class MetadataSession {
  let number: Int
  let peer: GreetedPeer
  let source: PeerSource
  let joined: Instant
  /// The number of bytes of unsent replies beyond which no more are created.
  private static let replyLimit = 64 << 10
  private static let readLength = 32 << 10

  /// The peer's transport behind our download limit; a download that takes over adds its own.
  private let transport: any Transport
  var machine: PeerConnectionMachine
  private var reader = PreludeReader()
  /// The server of metadata requests, which rejects them all and bounds their cost.
  private var server = MetadataServer(info: [])
  private var received = PexReceiver()
  private var sentCount = 0
  private let writerWakeup = Wakeup()
  private unowned let swarm: MetadataSwarm
  private(set) var end: PeerEnd?

  init(
    number: Int, peer: GreetedPeer, source: PeerSource, swarm: MetadataSwarm, now: Instant
  ) {
    self.number = number
    self.peer = peer
    self.source = source
    self.swarm = swarm
    joined = now
    transport =
      swarm.options.session.downloadLimiter.map {
        ThrottledTransport(
          peer.transport, downloads: $0, uploads: nil, clock: swarm.environment.clock)
      } ?? peer.transport
    machine = PeerConnectionMachine(now: now)
  }

  /// Returns whether it is the same peer at the same address, because peer ids are easily copied.
  func isSamePeer(as other: GreetedPeer) -> Bool {
    peer.peerID == other.peerID
      && peer.endpoint.address.unmapped == other.endpoint.address.unmapped
  }

  private var now: Instant { swarm.environment.clock.now }

  /// Runs the connection until it ends; returns the reason, or nil if the task was cancelled first.
  func run() async -> PeerEnd? {
    introduce()
    flush()
    await withDiscardingTaskGroup { group in
      group.addTask { await self.write() }
      await read()
      group.cancelAll()
    }
    return end
  }

  private func introduce() {
    guard peer.features.contains(.extensions) else { return stop(.nothingToExchange) }
    machine.introduce(swarm.introduction(to: peer.endpoint))
    // A peer can unchoke us while we fetch the metadata, which saves the download a round trip.
    machine.setInterested(true)
    tellDHTPort()
  }

  /// Tells a DHT-capable peer our node's port, once we have one (BEP 5).
  func tellDHTPort() {
    guard peer.features.contains(.dht), let port = swarm.dhtPort(for: peer.endpoint.address)
    else { return }
    machine.say(.port(port))
  }

  /// Ends the connection; the first reason stays.
  func stop(_ reason: PeerEnd) {
    guard end == nil else { return }
    end = reason
    transport.close()
    writerWakeup.fire()
  }

  /// The connection in the form in which a download takes it over, after `run()` was cancelled.
  var handedOver: GreetedPeer {
    var peer = peer
    peer.received = reader.replay
    peer.unsent = Array(machine.outgoing.dropFirst(sentCount))
    return peer
  }

  // MARK: - Reading

  private func read() async {
    var turn = 0
    while end == nil, !Task.isCancelled {
      switch readOnce() {
      case .bytes:
        takeMessages()
        turn += 1
        // A peer that sends without end must not keep the loop from other tasks.
        if turn.isMultiple(of: 16) { await Task.yield() }
      case .wouldBlock: await transport.waitUntilReadable()
      case .closed: stop(.lost("closed by the peer"))
      case .failed(let code): stop(.broken(code))
      }
    }
  }

  private func readOnce() -> IOResult {
    var result = IOResult.wouldBlock
    let chunk = [UInt8](unsafeUninitializedCapacity: Self.readLength) { buffer, count in
      result = transport.read(into: UnsafeMutableRawBufferPointer(buffer))
      if case .bytes(let read) = result { count = read }
    }
    reader.receive(chunk)
    return result
  }

  private func takeMessages() {
    do throws(WireError) {
      while end == nil, let message = try reader.nextMessage() {
        try take(try machine.received(message, now: now))
      }
    } catch {
      stop(.violation(error))
    }
    swarm.askForPieces()
    reply()
  }

  private func take(_ action: PeerConnectionMachine.Action) throws(WireError) {
    switch action {
    case .extended(let handshake): swarm.introduced(handshake, self)
    case .extensionMessage(.metadata, let payload):
      guard let message = try MetadataMessage.decode(payload) else { return }
      if case .request(let piece) = message {
        server.received(requestFor: piece)
      } else {
        try swarm.received(message, from: self)
      }
    case .extensionMessage(.peerExchange, let payload):
      guard swarm.exchangesPeers else { return }
      let peers = try received.received(payload, now: now)
      swarm.learn(peers.map(\.endpoint), source: .pex)
    case .dhtPort(let port):
      swarm.heardOfNode(at: Endpoint(address: peer.endpoint.address, port: port))
    default: break  // messages about pieces are kept for the download
    }
  }

  private func reply() {
    while machine.outgoing.count - sentCount < Self.replyLimit,
      let message = server.nextReply(now: now)
    {
      guard machine.say(.metadata, payload: message.payload) else { break }
    }
    flush()
  }

  // Queues a request for a piece of the metadata; `flush()` sends it.

  /// Asks for a piece of the metadata; `flush()` sends it.
  func ask(for piece: Int) {
    _ = machine.say(.metadata, payload: MetadataMessage.request(piece: piece).payload)
  }

  /// Sends as much as the connection accepts now; the writer task sends the rest.
  func flush() {
    while end == nil, sentCount < machine.outgoing.count {
      switch transport.write(machine.outgoing[sentCount...]) {
      case .bytes(let count):
        sentCount += count
        machine.sent(now: now)
      case .wouldBlock: return writerWakeup.fire()
      case .closed: return stop(.lost("closed by the peer"))
      case .failed(let code): return stop(.broken(code))
      }
    }
    machine.outgoing.removeAll()
    sentCount = 0
  }

  private func write() async {
    while end == nil, await writerWakeup.wait() {
      while end == nil, sentCount < machine.outgoing.count, !Task.isCancelled {
        flush()
        if sentCount < machine.outgoing.count { await transport.waitUntilWritable() }
      }
    }
  }

  /// Handles keep-alives, silence and pending replies; called once a second.
  func tick() {
    guard machine.tick(now: now) else { return stop(.silent) }
    if machine.outgoing.count - sentCount > 1 << 20 { return stop(.stuck) }
    reply()
  }
}
