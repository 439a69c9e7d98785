package import Primitives

/// A node of the DHT without sockets and clock (BEPs 5, 32, 33, 42, 43).
///
/// Feed it datagrams and the time; after each call send what `nextDatagram` has, act on what
/// `nextEvent` has, and call `tick` at `deadline`. Bounded in everything that others can send.
package struct DHTMachine: Sendable {
  /// How many searches may be under way.
  package static let lookupLimit = 64
  /// How many queries may be unanswered.
  static let transactionLimit = 1024

  /// A datagram to be sent.
  package struct Outgoing: Equatable, Sendable {
    /// Where to.
    package let destination: Endpoint
    /// What.
    package let bytes: [UInt8]
  }

  /// What a caller may want to know.
  package enum Event: Equatable, Sendable {
    /// A search has come upon peers, in that many hops.
    case peers([Endpoint], of: LookupID, hops: Int)
    /// A search is over.
    case ended(LookupID, LookupSummary)
    /// Most others see us at this address.
    case address(IPAddress)
  }

  struct Running: Sendable {
    enum Purpose: Sendable {
      /// To fill the table.
      case nodes
      /// To find peers, and to tell where we are ourselves.
      case peers(PeerAnnouncement?)
    }

    let id: LookupID
    let side: Int
    let purpose: Purpose
    var lookup: Lookup
    /// Announces that have not been answered; nil while the search goes on.
    var owedAnnounces: Int?
    var announced = 0
  }

  var sides: [DHTSide]
  var random: SeededRandom
  let tokens: TokenIssuer
  var limiter = SenderLimiter()
  var quota = SendQuota()
  var reachability = Reachability()
  var transactions = TransactionTable()
  /// Searches under way, in the order in which they began.
  var running: [Running] = []
  private var outbox = Fifo<Outgoing>()
  private var events = Fifo<Event>()
  private var lookupCount = 0
  var nextUpkeep = Instant.zero

  /// Creates a node that knows nobody.
  ///
  /// - Parameters:
  ///   - families: The kinds of addresses that it has a socket for.
  ///   - state: What an earlier run knew.
  ///   - secret: At least 16 bytes that nobody can guess; tokens depend on them.
  ///   - random: Chance.
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

  // MARK: - What goes out

  /// The next datagram to be sent; nil when there is none now.
  package mutating func nextDatagram() -> Outgoing? { outbox.popFirst() }

  /// The next event; nil when there is none now.
  package mutating func nextEvent() -> Event? { events.popFirst() }

  /// When `tick` is to be called.
  package var deadline: Instant {
    var deadline = min(nextUpkeep, transactions.deadline)
    if isHeldBack { deadline = min(deadline, quota.refillTime) }
    return deadline
  }

  /// Whether a search could go on if we might send more.
  private var isHeldBack: Bool {
    quota.isExhausted
      && running.contains { if case .ask = $0.lookup.nextStep() { true } else { false } }
  }

  mutating func post(_ message: KRPCMessage, to endpoint: Endpoint) {
    outbox.append(Outgoing(destination: endpoint, bytes: message.encodedBytes))
  }

  mutating func raise(_ event: Event) { events.append(event) }

  // MARK: - What others tell us

  /// Adds a node that never gets into the table, but where searches may begin.
  package mutating func add(router: Endpoint, now: Instant) {
    guard let side = sideIndex(isIPv6: router.address.isIPv6),
      router.isPossibleNode(isIPv6: sides[side].isIPv6)
    else { return }
    sides[side].add(router: router)
    helpLonely(side, with: router, now: now)
  }

  /// Adds a node that is known by its address alone: from a peer's PORT message, or a torrent.
  package mutating func add(node endpoint: Endpoint, now: Instant) {
    guard let side = sideIndex(isIPv6: endpoint.address.isIPv6),
      endpoint.isPossibleNode(isIPv6: sides[side].isIPv6)
    else { return }
    if quota.canQuery(now: now) { ping(endpoint, id: nil, side: side, now: now) }
    helpLonely(side, with: endpoint, now: now)
  }

  /// Lets searches that have hardly begun know of one more place to begin at.
  private mutating func helpLonely(_ side: Int, with endpoint: Endpoint, now: Instant) {
    guard sides[side].isLonely else { return }
    for index in running.indices where running[index].side == side {
      running[index].lookup.add(unnamed: endpoint)
    }
    join(side, now: now)
    advance(now: now)
  }

  // MARK: - Searches

  /// Searches for the peers of a torrent, once in each family; at the end our own announcement, if
  /// there is one, goes to the nodes that are closest to it.
  ///
  /// Returns the searches, of which each one ends with `.ended`; none when too many are under way.
  package mutating func find(
    _ infoHash: NodeID, announcing announcement: PeerAnnouncement?, now: Instant
  ) -> [LookupID] {
    let ids = sides.indices.compactMap { side in
      begin(.peers(announcement), for: infoHash, side: side)
    }
    advance(now: now)
    return ids
  }

  /// Ends a search without an event.
  package mutating func cancel(_ id: LookupID) {
    running.removeAll { $0.id == id }
  }

  mutating func begin(_ purpose: Running.Purpose, for target: NodeID, side: Int) -> LookupID? {
    guard running.count < Self.lookupLimit else { return nil }
    lookupCount += 1
    let id = LookupID(value: lookupCount)
    running.append(
      Running(
        id: id, side: side, purpose: purpose, lookup: sides[side].lookup(for: target)))
    return id
  }

  /// Whether no search is under way.
  package var isIdle: Bool { running.isEmpty }

  // MARK: - State

  /// How many nodes are in the tables.
  package var nodeCount: Int { sides.reduce(0) { $0 + $1.table.count } }

  /// Our id in a family; nil when there is no socket for it.
  package func ownID(isIPv6: Bool) -> NodeID? {
    sideIndex(isIPv6: isIPv6).map { sides[$0].table.ownID }
  }

  /// What a later run may begin with.
  package var state: DHTState {
    var state = DHTState()
    for side in sides {
      // Those near us are known to everybody near us; what a beginner lacks are some of each distance.
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

/// Names one search of one machine.
package struct LookupID: Hashable, Sendable {
  /// A number that the machine gave it.
  package let value: Int
}

/// How a search ended.
package struct LookupSummary: Equatable, Sendable {
  /// How many nodes were asked.
  package let queries: Int
  /// How many have answered.
  package let replies: Int
  /// How many have taken our announcement.
  package let announced: Int
}
