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
  }

  /// How many requests a peer may have waiting; more are hostile.
  package static let requestLimit = 2000
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
  /// Throws when the peer asks for more at once than anybody may.
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
    case .bitfield(let pieces): return .hasAll(pieces)
    case .request(let block): return try received(request: block)
    case .cancel(let block):
      let waiting = requests.elements
      if let index = waiting.firstIndex(of: block) {
        requests.remove(at: index - waiting.startIndex)
      }
      return .none
    case .keepAlive, .port, .unknown: return .none
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
