import Primitives

// The queries that we send (pings, search steps and announces) and the handling of their replies.

extension DHTMachine {
  // MARK: - Queries

  mutating func ping(_ endpoint: Endpoint, id: NodeID?, side: Int, now: Instant) {
    send(
      .ping, for: Transaction(endpoint: endpoint, id: id, side: side, purpose: .ping), now: now)
  }

  private mutating func send(
    _ method: KRPCQuery.Method, wants: AddressFamilies? = nil, for transaction: Transaction,
    now: Instant
  ) {
    let bytes = transactions.begin(transaction, now: now, using: &random)
    let query = KRPCQuery(
      sender: sides[transaction.side].table.ownID, method: method, wants: wants)
    let message = KRPCMessage(
      transaction: bytes, body: .query(query), isReadOnly: reachability.isReadOnly)
    quota.spendOnQuery(Self.queryCost, now: now)
    reachability.sent(to: transaction.endpoint.address)
    post(message, to: transaction.endpoint)
  }

  /// The approximate length of a query in bytes, charged to the quota.
  private static let queryCost = 110

  /// Advances every search as far as it can go now.
  mutating func advance(now: Instant) {
    for id in searches.ids { advance(id, now: now) }
  }

  mutating func advance(_ id: LookupID, now: Instant) {
    while let search = searches[id], search.owedAnnounces == nil {
      switch search.lookup.nextStep() {
      case .ask(let endpoint, let node):
        guard quota.canQuery(now: now), transactions.count < Self.transactionLimit else { return }
        searches[id]?.lookup.asked(endpoint)
        ask(endpoint, id: node, for: search, now: now)
      case .wait: return
      case .done: conclude(search, now: now)
      }
    }
  }

  private mutating func ask(
    _ endpoint: Endpoint, id: NodeID?, for search: DHTSearches.Search, now: Instant
  ) {
    // The two families help each other only until both tables have enough nodes (BEP 32).
    let wants: AddressFamilies? =
      sides.count > 1 && sides.contains(where: \.isLonely) ? [.v4, .v6] : nil
    let method: KRPCQuery.Method
    switch search.purpose {
    case .nodes: method = .findNode(target: search.lookup.target)
    case .peers(let announcement):
      var options = KRPCPeerOptions()
      options.withoutSeeds = announcement?.isSeed ?? false
      method = .getPeers(infoHash: search.lookup.target, options: options)
    }
    send(
      method, wants: wants,
      for: Transaction(endpoint: endpoint, id: id, side: search.side, purpose: .lookup(search.id)),
      now: now)
  }

  /// Ends the query phase of a search and sends its announces.
  private mutating func conclude(_ search: DHTSearches.Search, now: Instant) {
    var owed = 0
    if case .peers(let announcement?) = search.purpose {
      for node in search.lookup.closest {
        guard let token = node.token else { continue }
        owed += 1
        send(
          .announcePeer(
            infoHash: search.lookup.target, announcement: announcement, token: token),
          for: Transaction(
            endpoint: node.endpoint, id: node.id, side: search.side, purpose: .announce(search.id)),
          now: now)
      }
    }
    searches[search.id]?.owedAnnounces = owed
    endIfSettled(search.id)
  }

  private mutating func endIfSettled(_ id: LookupID) {
    guard let search = searches[id], search.isOver else { return }
    searches[id] = nil
    guard case .peers = search.purpose else { return }
    events.append(.ended(id, search.summary))
  }

  private mutating func announceSettled(_ id: LookupID, isTaken: Bool) {
    guard let owed = searches[id]?.owedAnnounces else { return }
    searches[id]?.owedAnnounces = owed - 1
    if isTaken { searches[id]?.announced += 1 }
    endIfSettled(id)
  }

  // MARK: - Answers

  /// Handles the reply to one of our queries.
  mutating func received(
    _ reply: KRPCReply, to transaction: Transaction, observed: Endpoint?, now: Instant
  ) {
    let contact = NodeContact(id: reply.sender, endpoint: transaction.endpoint)
    reachability.answered(now: now)
    sides[transaction.side].answered(contact, now: now)
    if let address = observed?.address {
      vote(for: address, by: transaction, now: now)
    }
    learnOfOtherFamily(reply, side: transaction.side, now: now)
    switch transaction.purpose {
    case .ping: break
    case .lookup(let id): step(id, reply, from: transaction, now: now)
    case .announce(let id): announceSettled(id, isTaken: true)
    }
    if sides[transaction.side].isLonely { join(transaction.side, now: now) }
  }

  private mutating func step(
    _ id: LookupID, _ reply: KRPCReply, from transaction: Transaction, now: Instant
  ) {
    guard let purpose = searches[id]?.purpose else { return }
    let nodes = sides[transaction.side].isIPv6 ? reply.nodes6 : reply.nodes
    if case .nodes = purpose {
      for node in nodes where sides[transaction.side].table.wants(node) {
        sides[transaction.side].add(stranger: node)
      }
    }
    let hops = searches[id]?.lookup.replied(
      transaction.endpoint, id: reply.sender, nodes: nodes, token: reply.token)
    if let hops, !reply.peers.isEmpty, case .peers = purpose {
      events.append(.peers(reply.peers, of: id, hops: hops))
    }
    advance(id, now: now)
  }

  /// Uses the nodes of the other address family to bootstrap there.
  private mutating func learnOfOtherFamily(_ reply: KRPCReply, side: Int, now: Instant) {
    guard let other = sides.indices.first(where: { $0 != side }), sides[other].isLonely else {
      return
    }
    let nodes = sides[other].isIPv6 ? reply.nodes6 : reply.nodes
    guard !nodes.isEmpty else { return }
    sides[other].add(starters: nodes)
    searches.offer(nodes, side: other)
    join(other, now: now)
    advance(now: now)
  }

  private mutating func vote(for address: IPAddress, by transaction: Transaction, now: Instant) {
    let side = transaction.side
    guard let decided = sides[side].votes.add(address, by: transaction.endpoint.address) else {
      return
    }
    events.append(.address(decided))
    guard !sides[side].table.ownID.isValid(for: decided) else { return }
    sides[side].renew(.make(for: decided, using: &random), now: now)
    join(side, now: now)
  }

  /// Handles a query that has timed out.
  mutating func timedOut(_ transaction: Transaction, now: Instant) {
    if let id = transaction.id {
      sides[transaction.side].table.failed(
        NodeContact(id: id, endpoint: transaction.endpoint))
    }
    refused(transaction, now: now)
  }

  /// Handles a query without an answer, such as one that a node has refused with a KRPC error.
  mutating func refused(_ transaction: Transaction, now: Instant) {
    switch transaction.purpose {
    case .ping: break
    case .lookup(let id):
      searches[id]?.lookup.failed(transaction.endpoint)
      advance(id, now: now)
    case .announce(let id): announceSettled(id, isTaken: false)
    }
  }
}
