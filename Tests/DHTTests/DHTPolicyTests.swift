import Primitives
import Testing

@testable import DHT

/// The small policies that keep a node useful to others and safe from them.
@Suite struct DHTPolicyTests {
  private let start = Instant(nanoseconds: 1_000_000_000_000)
  private let stranger = IPAddress.v4(0x0B00_0001)

  // MARK: - Tokens

  @Test func aTokenIsGoodForItsAddressAndTime() {
    let issuer = TokenIssuer(secret: Array(0..<20))
    let token = issuer.token(for: stranger, now: start)
    #expect(token.count == 8)
    #expect(issuer.accepts(token, from: stranger, now: start))
    #expect(issuer.accepts(token, from: stranger, now: start + .seconds(299)))
    #expect(!issuer.accepts(token, from: stranger, now: start + .seconds(601)))
    #expect(!issuer.accepts(token, from: .v4(0x0B00_0002), now: start))
    #expect(!issuer.accepts([], from: stranger, now: start))
    #expect(!issuer.accepts(Array(token.dropLast()), from: stranger, now: start))
    let other = TokenIssuer(secret: Array(1..<21))
    #expect(!other.accepts(token, from: stranger, now: start))
  }

  // MARK: - Stored peers

  @Test func anAddressCountsOnceForATorrentAndForHalfAnHour() {
    var random = SeededRandom(seed: 1)
    let (own, hash) = (NodeID.random(using: &random), NodeID.random(using: &random))
    var store = PeerStore()
    store.add(Endpoint(address: stranger, port: 1), isSeed: false, to: hash, ownID: own, now: start)
    store.add(Endpoint(address: stranger, port: 2), isSeed: true, to: hash, ownID: own, now: start)
    let peers = store.peers(of: hash, now: start)
    #expect(peers.map(\.endpoint.port) == [2])
    #expect(peers.map(\.isSeed) == [true])
    #expect(store.peers(of: hash, now: start + .seconds(1799)).count == 1)
    #expect(store.peers(of: hash, now: start + .seconds(1800)).isEmpty)
    store.expire(now: start + .seconds(1800))
    #expect(store.torrentCount == 0)
  }

  @Test(arguments: [IPAddress.loopback4, .v4(0x0A00_0001)])
  func peersOfOneMachineAreToldApartByTheirPorts(address: IPAddress) {
    var random = SeededRandom(seed: 3)
    let (own, hash) = (NodeID.random(using: &random), NodeID.random(using: &random))
    var store = PeerStore()
    for port in [UInt16(1), 2, 1] {
      store.add(
        Endpoint(address: address, port: port), isSeed: false, to: hash, ownID: own, now: start)
    }
    #expect(store.peers(of: hash, now: start).map(\.endpoint.port) == [2, 1])
  }

  @Test func aFullStoreKeepsTheLatestPeersAndTheNearestTorrents() {
    var random = SeededRandom(seed: 2)
    let own = NodeID.random(using: &random)
    var store = PeerStore(torrentLimit: 10, peerLimit: 5)
    let hashes = (0..<100).map { _ in NodeID.random(using: &random) }
    for hash in hashes {
      for host in 0..<8 {
        store.add(
          Endpoint(address: .v4(0x0B00_0001 + UInt32(host)), port: 1), isSeed: false, to: hash,
          ownID: own, now: start)
      }
    }
    #expect(store.torrentCount == 10)
    let nearest = hashes.sorted { own.distance(to: $0) < own.distance(to: $1) }.prefix(10)
    for hash in nearest {
      let hosts = store.peers(of: hash, now: start).map(\.endpoint.address)
      #expect(hosts == (3..<8).map { IPAddress.v4(0x0B00_0001 + UInt32($0)) })
    }
  }

  // MARK: - Floods

  /// `#expect` cannot call what changes its value.
  private func expectHeard(
    _ isAsExpected: Bool, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(isAsExpected, sourceLocation: sourceLocation)
  }

  @Test func whoFloodsIsNotHeardForFiveMinutes() {
    var limiter = SenderLimiter()
    for _ in 0..<50 { expectHeard(limiter.admits(stranger, now: start)) }
    expectHeard(!limiter.admits(stranger, now: start))
    expectHeard(!limiter.admits(stranger, now: start + .seconds(299)))
    expectHeard(limiter.admits(.v4(0x0B00_0002), now: start))
    expectHeard(limiter.admits(stranger, now: start + .seconds(300)))
  }

  @Test func fiveASecondAreHeardForEver() {
    var limiter = SenderLimiter()
    for step in 0..<1000 {
      expectHeard(limiter.admits(stranger, now: start + .milliseconds(step * 200)))
    }
  }

  @Test func manySendersCannotHideAFlood() {
    var limiter = SenderLimiter()
    for _ in 0..<51 { _ = limiter.admits(stranger, now: start) }
    for host in 0..<1000 {
      _ = limiter.admits(.v4(0x0C00_0001 + UInt32(host)), now: start + .seconds(1))
    }
    expectHeard(!limiter.admits(stranger, now: start + .seconds(2)))
  }

  @Test func savingsAreSharedByAnswersAndSearches() {
    var quota = SendQuota()
    var answers = 0
    while quota.spendOnReply(400, now: start) { answers += 1 }
    #expect((28...32).contains(answers))
    var queries = 0
    while quota.canQuery(now: start) {
      quota.spendOnQuery(100, now: start)
      queries += 1
    }
    #expect((110...125).contains(queries))
    let refillTime = quota.refillTime
    let (before, after) = (quota.canQuery(now: start), quota.canQuery(now: refillTime))
    #expect(!before)
    #expect(after)
    // In the long run it is 8 kB a second.
    var bytes = 0
    for step in 0..<1000 {
      let now = start + .seconds(10) + .milliseconds(step * 100)
      while quota.spendOnReply(400, now: now) { bytes += 400 }
    }
    #expect((800_000...830_000).contains(bytes))
  }

  // MARK: - Our own place

  @Test func anAddressNeedsManyVotes() {
    var votes = AddressVotes()
    let ours = IPAddress.v4(0x5001_0203)
    func voter(_ number: UInt32) -> IPAddress { .v4(0x0B00_0001 + number << 8) }
    for _ in 0..<20 {
      let decided = votes.add(ours, by: voter(1))
      #expect(decided == nil, "one voter has one voice")
    }
    for number in 2...4 {
      let decided = votes.add(ours, by: voter(UInt32(number)))
      #expect(decided == nil)
    }
    let local = votes.add(.v4(0x0A00_0001), by: voter(9))
    #expect(local == nil)
    let decided = votes.add(ours, by: voter(5))
    #expect(decided == ours)
  }

  @Test func aMinorityOfLiarsDecidesNothing() {
    var votes = AddressVotes()
    for number in UInt32(1)...9 {
      let said = IPAddress.v4(number <= 4 ? 0x6001_0203 : 0x5001_0000 + number)
      let decided = votes.add(said, by: .v4(0x0B00_0001 + number << 8))
      #expect(decided == nil)
    }
  }

  @Test func whoHearsNoStrangerForTenMinutesIsReadOnly() {
    var reachability = Reachability()
    let known = IPAddress.v4(0x0B00_0001)
    reachability.sent(to: known)
    for step in 0...700 {
      reachability.answered(now: start + .seconds(step))
      // Those we have addressed get through any router.
      reachability.received(from: known, now: start + .seconds(step))
      #expect(reachability.isReadOnly == (step >= 600))
    }
    reachability.received(from: .v4(0x0C00_0001), now: start + .seconds(800))
    #expect(!reachability.isReadOnly)
  }

  // MARK: - Counting, keeping

  @Test func theFilterOfTheSpecificationComesOut() {
    var filter = BloomFilter()
    for host in UInt32(0)...255 { filter.insert(.v4(0xC000_0200 + host)) }
    for host in UInt64(0)...0x3E7 { filter.insert(.v6(high: 0x2001_0DB8 << 32, low: host)) }
    let expected = """
      F6C3F5EAA07FFD91BDE89F777F26FB2BFF37BDB8FB2BBAA2FD3DDDE7BACFFF75EE7CCBAEFE5EEDB1FBFAFF67\
      F6ABFF5E43DDBCA3FD9B9FFDF4FFD3E9DFF12D1BDF59DB53DBE9FA5B7FF3B8FDFCDE1AFB8BEDD7BE2F3EE71E\
      BBBFE93BCDEEFE148246C2BC5DBFF7E7EFDCF24FD8DC7ADFFD8FFFDFDDFFF7A4BBEEDF5CB95CE81FC7FCFF1F\
      F4FFFFDFE5F7FDCBB7FD79B3FA1FC77BFE07FFF905B7B7FFC7FEFEFFE0B8370BB0CD3F5B7F2BD93FEB4386CF\
      DD6F7FD5BFAF2E9EBFFFFEECD67ADBF7C67F17EFD5D75EBA6FFEBA7FFF47A91EB1BFBB53E8ABFB5762ABE8FF\
      237279BFEFBFEEF5FFC5FEBFDFE5ADFFADFEE1FB737FFFFBFD9F6AEFFEEE76B6FD8F72EF
      """
    #expect(Hex.encode(filter.bytes).uppercased() == expected)
  }

  @Test func stateGoesInAndComesOut() throws {
    var random = SeededRandom(seed: 3)
    var state = DHTState()
    state.ownID = .random(using: &random)
    state.ownID6 = .random(using: &random)
    state.nodes = (1...50).map { host in
      NodeContact(
        id: .random(using: &random),
        endpoint: Endpoint(address: .v4(0x0B00_0000 + UInt32(host)), port: 1))
    }
    state.nodes6 = [
      NodeContact(
        id: .random(using: &random),
        endpoint: Endpoint(address: .v6(high: 0x2A00 << 48, low: 1), port: 2))
    ]
    let bytes = state.encodedBytes
    #expect(try DHTState(parsing: bytes) == state)
    for length in 0..<bytes.count {
      #expect(throws: DHTStateError.self) { try DHTState(parsing: Array(bytes.prefix(length))) }
    }
    #expect(throws: DHTStateError.tooLong(65_537)) {
      try DHTState(parsing: Array(repeating: 0, count: 65_537))
    }
    #expect(try DHTState(parsing: Array("de".utf8)) == DHTState())
  }
}
