package import Primitives

/// What both sides of a connection have said, and what follows from it (BEP 3 §peer messages).
///
/// The four states: each side chokes or does not choke the other, and each is or is not interested
/// in the other. A connection begins choked and not interested on both sides. We ask only while the
/// peer does not choke us, and serve only while we do not choke the peer. Messages that we send are
/// collected in `outgoing` by the shell's calls; nothing is sent twice.
package struct PeerConnectionMachine: Sendable {
  /// What a message asks the session to do.
  package enum Action: Equatable, Sendable {
    /// Nothing beyond what the machine has noted.
    case none
    /// We may ask for blocks now.
    case mayRequest
    /// The peer forgets all that we asked for.
    case choked
    /// The peer has this piece now.
    case has(PieceIndex)
    /// The peer has these pieces.
    case hasAll(Bitfield)
    /// The peer's interest in us has changed.
    case interestChanged
    /// `nextRequest()` has something to serve.
    case serve
    /// The peer has told of itself, for the first time or anew.
    case extended(ExtensionHandshake)
    /// A message of an extension that we have announced.
    case extensionMessage(WireExtension, payload: [UInt8])
    /// The peer's DHT node listens at this UDP port of its address.
    case dhtPort(UInt16)
  }

  /// How many requests a peer may have waiting; more are hostile.
  package static let requestLimit = ExtensionHandshake.requestQueueLimit
  /// Silence after which a keep-alive is sent.
  package static let keepAliveInterval = Duration.seconds(100)
  /// Silence after which the peer is given up.
  package static let silenceLimit = Duration.seconds(150)

  /// Whether we refuse to serve the peer.
  package private(set) var amChoking = true
  /// Whether we told the peer that it has what we want.
  package private(set) var amInterested = false
  /// Whether the peer refuses to serve us.
  package private(set) var peerChoking = true
  /// Whether the peer wants what we have.
  package private(set) var peerInterested = false
  /// The extensions that we have announced.
  private var ownExtensions: Set<WireExtension> = []
  /// The numbers under which the peer takes messages of extensions.
  private var peerExtensions: [WireExtension: UInt8] = [:]
  /// How often the peer may still tell of itself.
  private var handshakeAllowance = MessageAllowance(burst: 16, perSecond: 1)
  /// How many more messages of extensions the peer may send now; the longest metadata has 1,920
  /// pieces, and a fast peer gives us each as soon as we ask.
  private var extendedAllowance = MessageAllowance(burst: 4096, perSecond: 128)
  /// How often the peer may still tell all that it has.
  ///
  /// It should do so once (BEP 3), and each time costs time for every piece of the torrent.
  private var bitfieldAllowance = MessageAllowance(burst: 8, perSecond: 1)
  /// What the peer asked for and was not given yet, oldest first.
  private var requests = Fifo<Block>()
  /// Whole frames to be sent, in order.
  package var outgoing: [UInt8] = []
  private var lastReceived: Instant
  private var lastSent: Instant

  /// The state right after both handshakes.
  package init(now: Instant) {
    lastReceived = now
    lastSent = now
  }

  // MARK: - What the peer says

  /// Notes a message and says what it asks for.
  ///
  /// Throws when the peer asks for more at once than anybody may, or says the same without end.
  package mutating func received(
    _ message: PeerMessage, now: Instant
  ) throws(WireError) -> Action {
    lastReceived = now
    switch message {
    case .choke:
      guard !peerChoking else { return .none }
      peerChoking = true
      return .choked
    case .unchoke:
      guard peerChoking else { return .none }
      peerChoking = false
      return .mayRequest
    case .interested, .notInterested:
      let isInterested = message == .interested
      guard peerInterested != isInterested else { return .none }
      peerInterested = isInterested
      if !isInterested { requests.removeAll() }
      return .interestChanged
    case .have(let piece): return .has(piece)
    case .bitfield(let pieces):
      guard bitfieldAllowance.takeOne(now: now) else { throw .bitfieldFlood }
      return .hasAll(pieces)
    case .request(let block): return try received(request: block)
    case .cancel(let block):
      let waiting = requests.elements
      if let index = waiting.firstIndex(of: block) {
        requests.remove(at: index - waiting.startIndex)
      }
      return .none
    case .extended(let number, let payload):
      let isAllowed =
        number == 0
        ? handshakeAllowance.takeOne(now: now) : extendedAllowance.takeOne(now: now)
      guard isAllowed else { throw .extendedFlood }
      return received(extended: number, payload)
    case .port(let port): return port == 0 ? .none : .dhtPort(port)
    case .keepAlive, .unknown: return .none
    }
  }

  /// Notes that payload came.
  package mutating func receivedPayload(now: Instant) {
    lastReceived = now
  }

  private mutating func received(request block: Block) throws(WireError) -> Action {
    // What was asked before our choke arrived there is dropped, as BEP 3 has it.
    guard !amChoking else { return .none }
    guard waitingRequests < Self.requestLimit else {
      throw .tooManyRequests(limit: Self.requestLimit)
    }
    requests.append(block)
    return .serve
  }

  private mutating func received(extended number: UInt8, _ payload: [UInt8]) -> Action {
    guard number == 0 else {
      guard let known = WireExtension(rawValue: number), ownExtensions.contains(known) else {
        return .none
      }
      return .extensionMessage(known, payload: payload)
    }
    guard let handshake = ExtensionHandshake(payload: payload) else { return .none }
    peerExtensions.merge(handshake.extensions) { $1 }
    return .extended(handshake)
  }

  // MARK: - What we say

  /// Tells the peer whether it has what we want, if that is news.
  package mutating func setInterested(_ isInterested: Bool) {
    guard isInterested != amInterested else { return }
    amInterested = isInterested
    say(isInterested ? .interested : .notInterested)
  }

  /// Begins or ends serving the peer, if that is news; what a choked peer asked for is dropped.
  package mutating func setChoking(_ isChoking: Bool) {
    guard isChoking != amChoking else { return }
    amChoking = isChoking
    if isChoking { requests.removeAll() }
    say(isChoking ? .choke : .unchoke)
  }

  /// Queues our handshake of the extension protocol.
  ///
  /// Only for a peer that has announced `Handshake.Features.extensions`.
  package mutating func introduce(_ handshake: ExtensionHandshake) {
    ownExtensions.formUnion(handshake.extensions.keys)
    say(.extended(number: 0, payload: handshake.payload))
  }

  /// Whether the peer takes messages of this extension.
  package func speaks(_ extension: WireExtension) -> Bool { peerExtensions[`extension`] ?? 0 != 0 }

  /// Queues a message of an extension; returns false when the peer does not take it.
  package mutating func say(_ extension: WireExtension, payload: [UInt8]) -> Bool {
    guard let number = peerExtensions[`extension`], number != 0 else { return false }
    say(.extended(number: number, payload: payload))
    return true
  }

  /// Queues a message to be sent.
  package mutating func say(_ message: PeerMessage) {
    message.append(to: &outgoing)
  }

  /// The next block to serve, if the peer may have one.
  package mutating func nextRequest() -> Block? {
    amChoking ? nil : requests.popFirst()
  }

  /// How many blocks the peer waits for.
  package var waitingRequests: Int { requests.count }

  // MARK: - Time

  /// Notes that bytes went out.
  package mutating func sent(now: Instant) {
    lastSent = now
  }

  /// Queues a keep-alive when it is due; returns false when the peer has been silent too long.
  package mutating func tick(now: Instant) -> Bool {
    if now - lastSent >= Self.keepAliveInterval {
      say(.keepAlive)
      lastSent = now
    }
    return now - lastReceived < Self.silenceLimit
  }
}
