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
    for id in running.map(\.id) { advance(id, now: now) }
  }

  mutating func advance(_ id: LookupID, now: Instant) {
    while let index = running.firstIndex(where: { $0.id == id }),
      running[index].owedAnnounces == nil
    {
      switch running[index].lookup.nextStep() {
      case .ask(let endpoint, let node):
        guard quota.canQuery(now: now), transactions.count < Self.transactionLimit else { return }
        running[index].lookup.asked(endpoint)
        ask(endpoint, id: node, for: running[index], now: now)
      case .wait: return
      case .done: conclude(index, now: now)
      }
    }
  }

  private mutating func ask(_ endpoint: Endpoint, id: NodeID?, for search: Running, now: Instant) {
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
  private mutating func conclude(_ index: Int, now: Instant) {
    let search = running[index]
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
    running[index].owedAnnounces = owed
    endIfSettled(index)
  }

  private mutating func endIfSettled(_ index: Int) {
    guard running[index].owedAnnounces == 0 else { return }
    let search = running.remove(at: index)
    guard case .peers = search.purpose else { return }
    raise(
      .ended(
        search.id,
        LookupSummary(
          queries: search.lookup.queryCount, replies: search.lookup.replyCount,
          announced: search.announced)))
  }

  private mutating func announceSettled(_ id: LookupID, isTaken: Bool) {
    guard let index = running.firstIndex(where: { $0.id == id }),
      let owed = running[index].owedAnnounces
    else { return }
    running[index].owedAnnounces = owed - 1
    if isTaken { running[index].announced += 1 }
    endIfSettled(index)
  }

  // MARK: - Answers

  /// Handles the reply to one of our queries.
  mutating func received(
    _ reply: KRPCReply, to transaction: Transaction, observed: Endpoint?, now: Instant
  ) {
    let contact = NodeContact(id: reply.sender, endpoint: transaction.endpoint)
    reachability.answered(now: now)
    note(contact, side: transaction.side, now: now)
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

  /// Adds a node that has replied to the routing table, unless it is a bootstrap router.
  private mutating func note(_ contact: NodeContact, side: Int, now: Instant) {
    guard !sides[side].routers.contains(contact.endpoint) else { return }
    sides[side].table.answered(contact, now: now)
  }

  private mutating func step(
    _ id: LookupID, _ reply: KRPCReply, from transaction: Transaction, now: Instant
  ) {
    guard let index = running.firstIndex(where: { $0.id == id }) else { return }
    let nodes = sides[transaction.side].isIPv6 ? reply.nodes6 : reply.nodes
    if case .nodes = running[index].purpose {
      for node in nodes where sides[transaction.side].table.wants(node) {
        sides[transaction.side].add(stranger: node)
      }
    }
    let hops = running[index].lookup.replied(
      transaction.endpoint, id: reply.sender, nodes: nodes, token: reply.token)
    if let hops, !reply.peers.isEmpty, case .peers = running[index].purpose {
      raise(.peers(reply.peers, of: id, hops: hops))
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
    for index in running.indices where running[index].side == other {
      running[index].lookup.add(nodes)
    }
    join(other, now: now)
    advance(now: now)
  }

  private mutating func vote(for address: IPAddress, by transaction: Transaction, now: Instant) {
    let side = transaction.side
    guard let decided = sides[side].votes.add(address, by: transaction.endpoint.address) else {
      return
    }
    raise(.address(decided))
    guard !sides[side].table.ownID.isValid(for: decided) else { return }
    sides[side].renew(.make(for: decided, using: &random), now: now)
    join(side, now: now)
  }

  /// Handles a KRPC error in reply to one of our queries.
  mutating func refused(_ transaction: Transaction, now: Instant) {
    settle(transaction, now: now)
  }

  /// Handles a query that has timed out.
  mutating func timedOut(_ transaction: Transaction, now: Instant) {
    if let id = transaction.id {
      sides[transaction.side].table.failed(
        NodeContact(id: id, endpoint: transaction.endpoint))
    }
    settle(transaction, now: now)
  }

  private mutating func settle(_ transaction: Transaction, now: Instant) {
    switch transaction.purpose {
    case .ping: break
    case .lookup(let id):
      guard let index = running.firstIndex(where: { $0.id == id }) else { return }
      running[index].lookup.failed(transaction.endpoint)
      advance(id, now: now)
    case .announce(let id): announceSettled(id, isTaken: false)
    }
  }

  /// Lets a search stop waiting for a slow reply.
  mutating func slowed(_ transaction: Transaction, now: Instant) {
    guard case .lookup(let id) = transaction.purpose,
      let index = running.firstIndex(where: { $0.id == id })
    else { return }
    running[index].lookup.slowed(transaction.endpoint)
    advance(id, now: now)
  }
}
