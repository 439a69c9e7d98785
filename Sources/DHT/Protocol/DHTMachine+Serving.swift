package import Primitives

// The entry point for incoming datagrams, and the replies to queries.

extension DHTMachine {
  /// Handles a received datagram.
  package mutating func receive(_ datagram: [UInt8], from sender: Endpoint, now: Instant) {
    guard let side = sideIndex(isIPv6: sender.address.isIPv6),
      sender.isPossibleNode(isIPv6: sides[side].isIPv6),
      limiter.admits(sender.address, now: now)
    else { return }
    do throws(KRPCError) {
      let message = try KRPCMessage(parsing: datagram)
      switch message.body {
      case .query(let query):
        reachability.received(from: sender.address, now: now)
        answer(query, of: message, from: sender, side: side, now: now)
      case .reply(let reply):
        guard let transaction = transactions.end(message.transaction, from: sender) else { return }
        received(reply, to: transaction, observed: message.observed, now: now)
      case .failure:
        guard let transaction = transactions.end(message.transaction, from: sender) else { return }
        refused(transaction, now: now)
      }
    } catch {
      // A query that we cannot parse gets a KRPC error; anything else is ignored.
      guard case .unusableQuery(let transaction, let failure) = error else { return }
      reply(.failure(failure), to: transaction, at: sender, now: now)
    }
  }

  private mutating func reply(
    _ body: KRPCMessage.Body, to transaction: [UInt8], at sender: Endpoint, now: Instant
  ) {
    guard !reachability.isReadOnly else { return }
    let message = KRPCMessage(transaction: transaction, body: body, observed: sender)
    guard quota.spendOnReply(body.cost, now: now) else { return }
    reachability.sent(to: sender.address)
    post(message, to: sender)
  }

  private mutating func answer(
    _ query: KRPCQuery, of message: KRPCMessage, from sender: Endpoint, side: Int, now: Instant
  ) {
    let body: KRPCMessage.Body
    do throws(KRPCFailure) {
      body = .reply(try answer(query, from: sender, side: side, now: now))
    } catch {
      body = .failure(error)
    }
    reply(body, to: message.transaction, at: sender, now: now)
    let contact = NodeContact(id: query.sender, endpoint: sender)
    // A read-only node answers no queries, so it has no place in the table (BEP 43).
    if !message.isReadOnly, sides[side].table.asked(by: contact, now: now) {
      sides[side].add(stranger: contact)
    }
  }

  private mutating func answer(
    _ query: KRPCQuery, from sender: Endpoint, side: Int, now: Instant
  ) throws(KRPCFailure) -> KRPCReply {
    var reply = KRPCReply(sender: sides[side].table.ownID)
    switch query.method {
    case .ping: break
    case .findNode(let target):
      reply.addNodes(closestTo: target, of: sides, families: query.wants ?? .of(sender.address))
    case .getPeers(let infoHash, let options):
      reply.token = tokens.token(for: sender.address, now: now)
      let stored = sides[side].store.peers(of: infoHash, now: now)
      reply.addPeers(stored, options, isIPv6: sides[side].isIPv6, using: &random)
      let families = options.isScrape ? nil : query.wants
      reply.addNodes(closestTo: infoHash, of: sides, families: families ?? .of(sender.address))
    case .announcePeer(let infoHash, let announcement, let token):
      guard tokens.accepts(token, from: sender.address, now: now) else {
        throw .malformed("the token is invalid or has expired")
      }
      sides[side].store.add(
        Endpoint(address: sender.address, port: announcement.port ?? sender.port),
        isSeed: announcement.isSeed, to: infoHash, ownID: sides[side].table.ownID, now: now)
    }
    return reply
  }
}

extension KRPCReply {
  /// The maximum number of peers in a reply, which must fit into 1,024 bytes with both node lists.
  private static let peerLimit = (v4: 40, v6: 15)
  /// The corresponding limit for replies that carry Bloom filters.
  private static let scrapeLimit = (v4: 4, v6: 2)

  /// Names the nodes closest to an id, in these families.
  fileprivate mutating func addNodes(
    closestTo target: NodeID, of sides: [DHTSide], families: AddressFamilies
  ) {
    for side in sides where families.contains(side.isIPv6 ? .v6 : .v4) {
      let closest = side.table.closest(to: target, answering: true)
      if side.isIPv6 { nodes6 = closest } else { nodes = closest }
    }
  }

  /// Names peers by chance, and all of them in Bloom filters if the query asks for those.
  fileprivate mutating func addPeers(
    _ stored: [PeerStore.Peer], _ options: KRPCPeerOptions, isIPv6: Bool,
    using random: inout SeededRandom
  ) {
    if options.isScrape, !stored.isEmpty {
      var (seeds, others) = (BloomFilter(), BloomFilter())
      for peer in stored {
        if peer.isSeed {
          seeds.insert(peer.endpoint.address)
        } else {
          others.insert(peer.endpoint.address)
        }
      }
      (seedFilter, peerFilter) = (seeds, others)
    }
    let limits = options.isScrape ? Self.scrapeLimit : Self.peerLimit
    let wanted = stored.filter { !(options.withoutSeeds && $0.isSeed) }
    peers = wanted.shuffled(using: &random).prefix(isIPv6 ? limits.v6 : limits.v4).map(\.endpoint)
  }
}

extension KRPCMessage.Body {
  /// The approximate length of an answer in bytes, charged to the quota.
  fileprivate var cost: Int {
    guard case .reply(let reply) = self else { return 100 }
    return 100 + reply.nodes.count * 26 + reply.nodes6.count * 38 + reply.peers.count * 15
      + (reply.seedFilter == nil ? 0 : 2 * BloomFilter.length)
  }
}
