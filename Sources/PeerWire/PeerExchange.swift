package import Primitives

/// The sender of peer exchange: tells one peer once a minute which connections changed (BEP 11).
package struct PexSender: Sendable {
  /// The time from one message to the next, at least.
  package static let interval = Duration.seconds(60)
  /// The number of peers that the first message may name.
  static let firstLimit = 100

  private let recipient: Endpoint
  /// The peers that were named and not called back, in the order of the naming.
  private var told: [Endpoint] = []
  private var nextTime: Instant?

  /// Creates a sender to a peer that has been told nothing; the peer never hears of itself.
  package init(recipient: Endpoint) {
    self.recipient = recipient
  }

  /// Returns the message to send now; nil before its time, and when there is nothing new.
  ///
  /// `connected` are the peers that can be dialled, in any order that is the same each time. Those
  /// that do not fit wait for the next message. Addresses in IPv4's mapped form are told as IPv4.
  package mutating func nextMessage(connected: [PexPeer], now: Instant) -> PexMessage? {
    if let nextTime, now < nextTime { return nil }
    var present: Set<Endpoint> = []
    var message = PexMessage()
    let limit = nextTime == nil ? Self.firstLimit : PexMessage.peerLimit
    let known = Set(told)
    for peer in connected {
      let endpoint = Endpoint(address: peer.endpoint.address.unmapped, port: peer.endpoint.port)
      guard endpoint.port != 0, present.insert(endpoint).inserted, !known.contains(endpoint),
        !isRecipient(endpoint), message.added.count < limit
      else { continue }
      message.added.append(PexPeer(endpoint, flags: peer.flags))
    }
    message.dropped = Array(
      told.filter { !present.contains($0) }.prefix(PexMessage.peerLimit))
    guard !message.isEmpty else { return nil }
    let dropped = Set(message.dropped)
    told.removeAll { dropped.contains($0) }
    told += message.added.map(\.endpoint)
    nextTime = now + Self.interval
    return message
  }

  private func isRecipient(_ endpoint: Endpoint) -> Bool {
    endpoint.port == recipient.port && endpoint.address == recipient.address.unmapped
  }
}

/// The receiver of peer exchange: limits how often one peer may name others (BEP 11).
package struct PexReceiver: Sendable {
  /// The time between two messages that are both used.
  ///
  /// BEP 11 says a minute, of which the way through the network may take away some.
  static let interval = Duration.seconds(55)
  /// The number of messages within `floodPeriod` that are still bad manners and not an attack.
  static let floodLimit = 6
  /// The time in which messages are counted.
  static let floodPeriod = Duration.seconds(60)

  private var lastUsed: Instant?
  private var arrivals = Fifo<Instant>()

  /// Creates a receiver that no message has reached.
  package init() {}

  /// Takes a message; returns the peers that it adds, none when it came too early.
  ///
  /// Throws when the message makes no sense, and when messages come much too fast.
  package mutating func received(
    _ payload: [UInt8], now: Instant
  ) throws(WireError) -> [PexPeer] {
    while let first = arrivals.first, now - first >= Self.floodPeriod { _ = arrivals.popFirst() }
    guard arrivals.count < Self.floodLimit else { throw .extensionFlood(.peerExchange) }
    arrivals.append(now)
    if let lastUsed, now - lastUsed < Self.interval { return [] }
    let message = try PexMessage(payload: payload)
    lastUsed = now
    return message.added
  }
}
