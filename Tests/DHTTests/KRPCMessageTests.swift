import Bencode
import Primitives
import Testing

@testable import DHT

@Suite struct KRPCMessageTests {
  private static let asker = id("abcdefghij0123456789")
  private static let other = id("mnopqrstuvwxyz123456")

  private static func id(_ text: String) -> NodeID { NodeID(Array(text.utf8)) ?? .farAway }

  private func parse(_ text: String) throws(KRPCError) -> KRPCMessage {
    try KRPCMessage(parsing: Array(text.utf8))
  }

  /// A message of each kind with everything in it.
  static var samples: [KRPCMessage] {
    let contact = NodeContact(
      id: other, endpoint: Endpoint(address: .v4(0x5001_0203), port: 4000))
    let contact6 = NodeContact(
      id: asker, endpoint: Endpoint(address: .v6(high: 0x2001_0DB8 << 32, low: 5), port: 4001))
    var reply = KRPCReply(sender: asker)
    reply.nodes = [contact]
    reply.nodes6 = [contact6]
    reply.peers = [contact.endpoint, contact6.endpoint]
    reply.token = [7, 8]
    var filter = BloomFilter()
    filter.insert(.v4(0x5001_0203))
    reply.seedFilter = filter
    reply.peerFilter = BloomFilter()
    var options = KRPCPeerOptions()
    options.isScrape = true
    options.withoutSeeds = true
    let methods: [KRPCQuery.Method] = [
      .ping, .findNode(target: other), .getPeers(infoHash: other, options: options),
      .announcePeer(
        infoHash: other, announcement: PeerAnnouncement(port: 6881, isSeed: true), token: [1, 2]),
      .announcePeer(
        infoHash: other, announcement: PeerAnnouncement(port: nil, isSeed: false), token: [1]),
    ]
    return methods.map { method in
      KRPCMessage(
        transaction: [0x61, 0x61],
        body: .query(KRPCQuery(sender: asker, method: method, wants: [.v4, .v6])), isReadOnly: true)
    } + [
      KRPCMessage(transaction: [1], body: .reply(reply), observed: contact6.endpoint),
      KRPCMessage(
        transaction: [1, 2, 3], body: .failure(KRPCFailure(code: 203, reason: "no")),
        observed: contact.endpoint),
    ]
  }

  // MARK: - The packets of BEP 5

  @Test func theQueriesOfTheSpecificationAreRead() throws {
    let ping = try parse("d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe")
    #expect(ping.transaction == Array("aa".utf8))
    #expect(ping.body == .query(KRPCQuery(sender: Self.asker, method: .ping)))
    let find = try parse(
      "d1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz123456e1:q9:find_node1:t2:aa1:y1:qe"
    )
    #expect(
      find.body
        == .query(KRPCQuery(sender: Self.asker, method: .findNode(target: Self.other))))
    let get = try parse(
      "d1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz123456e1:q9:get_peers1:t2:aa1:y1:qe"
    )
    #expect(
      get.body == .query(KRPCQuery(sender: Self.asker, method: .getPeers(infoHash: Self.other))))
    let announce = try parse(
      "d1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz1234564:porti6881e5:token8:aoeusnthe1:q13:announce_peer1:t2:aa1:y1:qe"
    )
    #expect(
      announce.body
        == .query(
          KRPCQuery(
            sender: Self.asker,
            method: .announcePeer(
              infoHash: Self.other, announcement: PeerAnnouncement(port: 6881, isSeed: false),
              token: Array("aoeusnth".utf8)))))
  }

  @Test func theRepliesOfTheSpecificationAreRead() throws {
    let pong = try parse("d1:rd2:id20:mnopqrstuvwxyz123456e1:t2:aa1:y1:re")
    #expect(pong.body == .reply(KRPCReply(sender: Self.other)))
    let values = try parse(
      "d1:rd2:id20:abcdefghij01234567895:token8:aoeusnth6:valuesl6:axje.u6:idhtnmee1:t2:aa1:y1:re")
    var reply = KRPCReply(sender: Self.asker)
    reply.token = Array("aoeusnth".utf8)
    reply.peers = [
      Endpoint(address: .v4(0x6178_6A65), port: 0x2E75),
      Endpoint(address: .v4(0x6964_6874), port: 0x6E6D),
    ]
    #expect(values.body == .reply(reply))
    let failure = try parse("d1:eli201e23:A Generic Error Ocurrede1:t2:aa1:y1:ee")
    #expect(failure.body == .failure(KRPCFailure(code: 201, reason: "A Generic Error Ocurred")))
  }

  @Test(arguments: samples.indices)
  func whatIsWrittenIsReadBackTheSame(index: Int) throws {
    let message = Self.samples[index]
    let bytes = message.encodedBytes
    #expect(try KRPCMessage(parsing: bytes) == message)
    // The message is canonical, so that strict readers take it.
    let document = try BencodeParser.parse(bytes)
    #expect(document.warnings.isEmpty)
  }

  // MARK: - Tolerated messages

  @Test func unknownKeysAndUnsortedKeysAreTolerated() throws {
    let message = try parse(
      "d1:y1:q1:t2:xy1:q4:ping1:zi5e1:ad4:junkle2:id20:abcdefghij0123456789e2:roi1ee")
    #expect(message.body == .query(KRPCQuery(sender: Self.asker, method: .ping)))
    #expect(message.isReadOnly)
  }

  @Test(arguments: ["", "\0", "\u{1A}", "d1:x", "<html>"])
  func whatFollowsAMessageAndOddNumbersAreTolerated(rest: String) throws {
    let message = try parse(
      "d1:ad2:id20:abcdefghij01234567894:porti99999999999999999999e2:xsi007ee1:q4:ping2:roi01e"
        + "1:t2:xy1:y1:q1:y1:re\(rest)")
    #expect(message.body == .query(KRPCQuery(sender: Self.asker, method: .ping)))
    #expect(message.isReadOnly)
  }

  @Test func whatIsOfNoUseInAReplyCountsAsAbsent() throws {
    let message = try parse(
      "d2:ip3:abc1:rd2:id20:abcdefghij01234567895:nodesi7e6:nodes65:short5:token0:6:valuesl4:abcdi3e6:\u{0}\u{0}\u{0}\u{0}aaee1:t1:a1:y1:re"
    )
    #expect(message.body == .reply(KRPCReply(sender: Self.asker)))
    #expect(message.observed == nil)
  }

  @Test func aCutListOfNodesIsReadAsFarAsItGoes() throws {
    let contact = NodeContact(
      id: Self.other, endpoint: Endpoint(address: .v4(0x5001_0203), port: 4000))
    let nowhere = NodeContact(
      id: Self.other, endpoint: Endpoint(address: .v4(0x0001_0203), port: 4000))
    func reply(_ nodes: [NodeContact], extra: [UInt8]) -> [UInt8] {
      let list = nodes.flatMap { $0.id.bytes + $0.endpoint.compactBytes } + extra
      return BencodeTree.dictionary([
        "t": "a", "y": "r",
        "r": .dictionary(["id": .bytes(Self.asker.bytes), "nodes": .bytes(list)]),
      ]).encodedBytes
    }
    var expected = KRPCReply(sender: Self.asker)
    expected.nodes = [contact]
    let cut = try KRPCMessage(parsing: reply([nowhere, contact], extra: [1, 2, 3]))
    #expect(cut.body == .reply(expected))
    // Of any number of nodes, only some are taken.
    let many = try KRPCMessage(
      parsing: reply(Array(repeating: contact, count: 60), extra: []))
    guard case .reply(let read) = many.body else {
      Issue.record("no reply")
      return
    }
    #expect(read.nodes.count == 16)
  }

  @Test func wantedFamiliesAreRead() throws {
    func wants(_ list: String) throws -> AddressFamilies? {
      let message = try parse(
        "d1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz1234564:want\(list)e1:q9:find_node1:t2:aa1:y1:qe"
      )
      guard case .query(let query) = message.body else { return nil }
      return query.wants
    }
    #expect(try wants("l2:n4e") == .v4)
    #expect(try wants("l2:n62:n42:zze") == [.v4, .v6])
    #expect(try wants("l2:zze") == nil)
    #expect(try wants("2:n4") == nil)
  }

  // MARK: - Refused messages

  @Test(arguments: [
    ("find_node", "", 203), ("get_peers", "9:info_hash3:abc", 203),
    ("announce_peer", "9:info_hash20:mnopqrstuvwxyz1234564:porti1e", 203),
    ("announce_peer", "9:info_hash20:mnopqrstuvwxyz1234564:porti0e5:token1:a", 203),
    ("announce_peer", "9:info_hash20:mnopqrstuvwxyz1234564:porti65536e5:token1:a", 203),
    ("announce_peer", "9:info_hash20:mnopqrstuvwxyz1234564:porti-1e5:token1:a", 203),
    ("vote", "", 204),
  ])
  func queriesThatCannotBeServedSayWhy(name: String, arguments: String, code: Int) {
    do throws(KRPCError) {
      let message = try parse(
        "d1:ad2:id20:abcdefghij0123456789\(arguments)e1:q\(name.utf8.count):\(name)1:t2:aa1:y1:qe")
      Issue.record("read as \(message)")
    } catch {
      guard case .unusableQuery(let transaction, let failure) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(transaction == Array("aa".utf8))
      #expect(failure.code == code)
    }
  }

  @Test func whatIsNoMessageIsRefused() {
    #expect(throws: KRPCError.tooLong(2049)) {
      try KRPCMessage(parsing: Array(repeating: 0x69, count: 2049))
    }
    #expect(throws: KRPCError.noTransaction) {
      try parse("d1:rd2:id20:mnopqrstuvwxyz123456e1:y1:re")
    }
    #expect(throws: KRPCError.noTransaction) {
      try parse(
        "d1:rd2:id20:mnopqrstuvwxyz123456e1:t33:\(String(repeating: "a", count: 33))1:y1:re")
    }
    #expect(throws: KRPCError.unknownKind) { try parse("d1:t1:a1:y1:xe") }
    #expect(throws: KRPCError.replyWithoutSender) { try parse("d1:rde1:t1:a1:y1:re") }
    for text in ["", "le", "i1e", "d", "\(String(repeating: "l", count: 500))"] {
      #expect(throws: KRPCError.self) { try parse(text) }
    }
  }

  @Test(arguments: samples.indices)
  func everyTruncationIsRefused(index: Int) {
    let bytes = Self.samples[index].encodedBytes
    for length in 0..<bytes.count {
      #expect(throws: KRPCError.self) { try KRPCMessage(parsing: Array(bytes.prefix(length))) }
    }
  }

  @Test func mutatedMessagesNeverTrap() {
    var random = SeededRandom(seed: 1)
    let samples = Self.samples.map(\.encodedBytes)
    var accepted = 0
    for round in 0..<3000 {
      var bytes = samples[round % samples.count]
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let at = Int.random(in: 0..<bytes.count, using: &random)
        switch random.next() % 3 {
        case 0: bytes.remove(at: at)
        case 1: bytes.insert(UInt8.random(in: 0x30...0x39, using: &random), at: at)
        default: bytes[at] = UInt8.random(in: 0...255, using: &random)
        }
      }
      // A message that is still accepted must be one that can be written.
      guard let message = try? KRPCMessage(parsing: bytes) else { continue }
      accepted += 1
      #expect(!message.encodedBytes.isEmpty)
    }
    #expect(accepted > 0)
  }
}

extension NodeID {
  /// A stand-in for texts that are no id, which a test would show.
  fileprivate static var farAway: NodeID {
    var random = SeededRandom(seed: 0)
    return .random(using: &random)
  }
}
