package import Primitives

/// The rules of one connection: the frequency of messages, and the form in which each side speaks
/// (BEP 3, 5 and 10).
///
/// The machine stores no decision about pieces or blocks: the exchange knows which side is choked
/// or interested. Messages that we send are collected in `outgoing`.
package struct PeerConnectionMachine: Sendable {
  /// The meaning of a message.
  package enum Action: Equatable, Sendable {
    /// Nothing beyond what the machine has recorded.
    case none
    /// The peer drops our requests and answers none from now on.
    case choked
    /// The peer answers requests from now on.
    case unchoked
    /// The peer wants what we have, or no longer does.
    case interested(Bool)
    /// The peer has this piece now.
    case has(PieceIndex)
    /// The peer has these pieces.
    case hasAll(Bitfield)
    /// The peer wants a block.
    case requested(Block)
    /// The peer no longer wants a block.
    case cancelled(Block)
    /// The peer has told of itself, for the first time or anew.
    case extended(ExtensionHandshake)
    /// A message of an extension that we have announced.
    case extensionMessage(WireExtension, payload: [UInt8])
    /// The peer's DHT node listens at this UDP port of its address.
    case dhtPort(UInt16)
  }

  /// The number of requests that a peer may have waiting, as we tell it.
  package static let requestLimit = ExtensionHandshake.requestQueueLimit
  /// The silence after which a keep-alive is sent.
  package static let keepAliveInterval = Duration.seconds(100)
  /// The silence after which the peer is given up.
  package static let silenceLimit = Duration.seconds(150)

  /// The extensions that we have announced.
  private var ownExtensions: Set<WireExtension> = []
  /// The numbers under which the peer takes messages of extensions.
  private var peerExtensions: [WireExtension: UInt8] = [:]
  /// The number of extension handshakes that the peer may still send.
  private var handshakeAllowance = MessageAllowance(burst: 16, perSecond: 1)
  /// The number of messages of extensions that the peer may still send; the longest metadata has
  /// 1,920 pieces, and a fast peer gives us each as soon as we ask.
  private var extendedAllowance = MessageAllowance(burst: 4096, perSecond: 128)
  /// The number of bitfields that the peer may still send.
  ///
  /// A peer should send one (BEP 3), and each costs time for every piece of the torrent.
  private var bitfieldAllowance = MessageAllowance(burst: 8, perSecond: 1)
  /// Whole frames to be sent, in order.
  package var outgoing: [UInt8] = []
  private var lastReceived: Instant
  private var lastSent: Instant

  /// Creates the state right after both handshakes.
  package init(now: Instant) {
    lastReceived = now
    lastSent = now
  }

  // MARK: - Receiving

  /// Records a message and returns its meaning.
  ///
  /// Throws when the peer repeats itself without end.
  package mutating func received(
    _ message: PeerMessage, now: Instant
  ) throws(WireError) -> Action {
    lastReceived = now
    switch message {
    case .choke: return .choked
    case .unchoke: return .unchoked
    case .interested: return .interested(true)
    case .notInterested: return .interested(false)
    case .have(let piece): return .has(piece)
    case .bitfield(let pieces):
      guard bitfieldAllowance.takeOne(now: now) else { throw .bitfieldFlood }
      return .hasAll(pieces)
    case .request(let block): return .requested(block)
    case .cancel(let block): return .cancelled(block)
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

  // MARK: - Sending

  /// Queues our handshake of the extension protocol.
  ///
  /// The peer must have announced `Handshake.Features.extensions`.
  package mutating func introduce(_ handshake: ExtensionHandshake) {
    ownExtensions.formUnion(handshake.extensions.keys)
    say(.extended(number: 0, payload: handshake.payload))
  }

  /// Returns whether the peer takes messages of this extension.
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
