package import Primitives

/// A DHT node without sockets or clock (BEPs 5, 32, 33, 42, 43).
///
/// The caller feeds it datagrams and the time. After each call it sends the datagrams from
/// `nextDatagram` and handles the events from `nextEvent`, and it calls `tick` at `deadline`. All
/// state that other nodes can fill is bounded.
package struct DHTMachine: Sendable {
  /// The maximum number of concurrent searches.
  package static let lookupLimit = 64
  /// The maximum number of outstanding queries.
  static let transactionLimit = 1024

  /// A datagram to be sent.
  package struct Outgoing: Equatable, Sendable {
    /// The destination.
    package let destination: Endpoint
    /// The payload.
    package let bytes: [UInt8]
  }

  /// An event for the caller.
  package enum Event: Equatable, Sendable {
    /// A search has found peers after this many hops.
    case peers([Endpoint], of: LookupID, hops: Int)
    /// A search has ended.
    case ended(LookupID, LookupSummary)
    /// Most other nodes see us at this address.
    case address(IPAddress)
  }

  var sides: [DHTSide]
  var random: SeededRandom
  let tokens: TokenIssuer
  var limiter = SenderLimiter()
  var quota = SendQuota()
  var reachability = Reachability()
  var transactions = TransactionTable()
  var searches = DHTSearches()
  private var outbox = Fifo<Outgoing>()
  var events = Fifo<Event>()
  var nextUpkeep = Instant.zero

  /// Creates a node with an empty routing table.
  ///
  /// - Parameters:
  ///   - families: The address families that have a socket.
  ///   - state: The state saved by an earlier run.
  ///   - secret: At least 16 unpredictable bytes, from which tokens are derived.
  ///   - random: The source of randomness.
  package init(
    families: AddressFamilies, state: DHTState = DHTState(), secret: [UInt8], random: SeededRandom
  ) {
    var random = random
    sides = []
    for isIPv6 in [false, true] where families.contains(isIPv6 ? .v6 : .v4) {
      let id = isIPv6 ? state.ownID6 : state.ownID
      var side = DHTSide(isIPv6: isIPv6, ownID: id ?? .random(using: &random))
      side.add(starters: isIPv6 ? state.nodes6 : state.nodes)
      sides.append(side)
    }
    tokens = TokenIssuer(secret: secret)
    self.random = random
  }

  func sideIndex(isIPv6: Bool) -> Int? { sides.firstIndex { $0.isIPv6 == isIPv6 } }

  // MARK: - Output

  /// Removes and returns the next datagram to send, or nil if there is none.
  package mutating func nextDatagram() -> Outgoing? { outbox.popFirst() }

  /// Removes and returns the next event, or nil if there is none.
  package mutating func nextEvent() -> Event? { events.popFirst() }

  /// The time at which `tick` has to be called.
  package var deadline: Instant {
    var deadline = min(nextUpkeep, transactions.deadline)
    // A search could advance if the send quota allowed it.
    if quota.isExhausted, searches.wantsToAsk { deadline = min(deadline, quota.refillTime) }
    return deadline
  }

  mutating func post(_ message: KRPCMessage, to endpoint: Endpoint) {
    outbox.append(Outgoing(destination: endpoint, bytes: message.encodedBytes))
  }

  // MARK: - External nodes

  /// Adds a bootstrap router, which searches may start from but which never enters the table.
  package mutating func add(router: Endpoint, now: Instant) {
    guard let side = sideIndex(isIPv6: router.address.isIPv6),
      router.isPossibleNode(isIPv6: sides[side].isIPv6)
    else { return }
    sides[side].add(router: router)
    helpLonely(side, with: router, now: now)
  }

  /// Adds a node known only by its address, from a peer's PORT message or a torrent.
  package mutating func add(node endpoint: Endpoint, now: Instant) {
    guard let side = sideIndex(isIPv6: endpoint.address.isIPv6),
      endpoint.isPossibleNode(isIPv6: sides[side].isIPv6)
    else { return }
    if quota.canQuery(now: now) { ping(endpoint, id: nil, side: side, now: now) }
    helpLonely(side, with: endpoint, now: now)
  }

  /// Offers a starting point to running searches while the table has too few nodes.
  private mutating func helpLonely(_ side: Int, with endpoint: Endpoint, now: Instant) {
    guard sides[side].isLonely else { return }
    searches.offer(endpoint, side: side)
    join(side, now: now)
    advance(now: now)
  }

  // MARK: - Searches

  /// Searches for the peers of a torrent in every family, then announces us to the closest nodes.
  ///
  /// Returns the searches, each of which ends with `.ended`. The result is empty if too many
  /// searches are running.
  package mutating func find(
    _ infoHash: NodeID, announcing announcement: PeerAnnouncement?, now: Instant
  ) -> [LookupID] {
    let ids = sides.indices.compactMap { side in
      searches.begin(.peers(announcement), sides[side].lookup(for: infoHash), side: side)
    }
    advance(now: now)
    return ids
  }

  /// Ends a search without an event.
  package mutating func cancel(_ id: LookupID) {
    searches[id] = nil
  }

  // MARK: - State

  /// The families in whose DHT the node takes part.
  package var families: AddressFamilies {
    sides.reduce(into: []) { $0.insert($1.isIPv6 ? .v6 : .v4) }
  }

  /// The number of nodes in the routing tables.
  package var nodeCount: Int { sides.reduce(0) { $0 + $1.table.count } }

  /// The state to save for a later run.
  package var state: DHTState {
    var state = DHTState()
    for side in sides {
      // A bootstrapping node benefits most from nodes at every distance: our neighbours all know
      // each other, so a few of them suffice.
      let contacts = Array(side.table.contacts.suffix(DHTState.nodeLimit))
      if side.isIPv6 {
        (state.ownID6, state.nodes6) = (side.table.ownID, contacts)
      } else {
        (state.ownID, state.nodes) = (side.table.ownID, contacts)
      }
    }
    return state
  }
}

/// The identifier of one search of one machine.
package struct LookupID: Hashable, Sendable {
  /// The number that the machine assigned.
  package let value: Int
}

/// The outcome of a search.
package struct LookupSummary: Equatable, Sendable {
  /// The number of nodes that replied.
  package let replies: Int
  /// The number of nodes that accepted our announcement.
  package let announced: Int
}
