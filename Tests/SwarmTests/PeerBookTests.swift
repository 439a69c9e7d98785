import Primitives
import Swarm
import Testing

@Suite struct DialOrderTests {
  private func peer(_ number: UInt32) -> Endpoint {
    Endpoint(address: .v4(0x5000_0000 + number << 16), port: 6881)
  }

  private func order(_ book: inout PeerBook, at now: Instant) -> [Endpoint] {
    var order: [Endpoint] = []
    while let next = book.nextDial(now: now) { order.append(next) }
    return order
  }

  @Test func thoseWhoAreDueAreDialledByPriority() {
    var book = PeerBook(random: SeededRandom(seed: 1))
    let own = Endpoint(address: .v4(0x6364_6566), port: 7000)
    let peers = (0..<20).map { peer($0) }
    for peer in peers.prefix(10) { book.learn(peer, source: .tracker, now: .zero) }
    book.heard(ownAddress: own.address, from: peer(99).address, port: own.port)
    for peer in peers.dropFirst(10) { book.learn(peer, source: .tracker, now: .zero) }
    let expected = peers.sorted {
      PeerPriority.of($0, seenFrom: own) > PeerPriority.of($1, seenFrom: own)
    }
    #expect(expected != peers)
    #expect(order(&book, at: .zero) == expected)
  }

  @Test func aFailedPeerWaitsWhateverItsPriority() {
    var book = PeerBook(random: SeededRandom(seed: 1))
    book.heard(ownAddress: .v4(0x6364_6566), from: peer(99).address, port: 7000)
    for number in UInt32(0)..<5 { book.learn(peer(number), source: .tracker, now: .zero) }
    let all = order(&book, at: .zero)
    for peer in all { book.dialFailed(peer, now: .zero) }
    #expect(order(&book, at: .zero + .seconds(9)).isEmpty)
    #expect(Set(order(&book, at: .zero + .seconds(12))) == Set(all))
  }

  @Test func withoutAnAddressOfOursTheyAreDialledAsTheyCame() {
    var book = PeerBook(random: SeededRandom(seed: 1))
    for number in UInt32(0)..<5 { book.learn(peer(number), source: .tracker, now: .zero) }
    #expect(order(&book, at: .zero) == (0..<5).map { peer($0) })
  }
}

@Suite struct PeerBookTests {
  static func endpoint(_ number: Int, address: UInt32 = 0x5000_0000) -> Endpoint {
    Endpoint(address: .v4(address + UInt32(number >> 8)), port: UInt16(1000 + number & 0xFF))
  }

  static func book(limit: Int = 3000, seed: UInt64 = 1) -> PeerBook {
    PeerBook(limit: limit, random: SeededRandom(seed: seed))
  }

  let peer = endpoint(1)

  /// Takes out all peers that are due.
  func dialAll(_ book: inout PeerBook, now: Instant) -> [Endpoint] {
    var endpoints: [Endpoint] = []
    while let endpoint = book.nextDial(now: now) { endpoints.append(endpoint) }
    return endpoints
  }

  // MARK: - Dialling

  @Test func aNewPeerIsDueAtOnceAndOnce() {
    var book = Self.book()
    let now = Instant.zero + .seconds(3)
    book.learn(peer, source: .tracker, now: now)
    book.learn(peer, source: .given, now: now)
    #expect(book.nextDialTime == now)
    let dialled = dialAll(&book, now: now)
    #expect(dialled == [peer])
    #expect(book.nextDialTime == nil)
    #expect(book.hasCandidates)
    #expect(book.knownCount == 1)
  }

  @Test func peersAreDialledInTheOrderInWhichTheyCame() {
    var book = Self.book()
    let peers = (0..<20).map { Self.endpoint($0) }
    for peer in peers { book.learn(peer, source: .tracker, now: .zero) }
    #expect(dialAll(&book, now: .zero) == peers)
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func aPeerThatFailsIsTriedAfterEachPauseOfTheLadder(seed: UInt64) throws {
    var book = Self.book(seed: seed)
    var now = Instant.zero
    book.learn(peer, source: .tracker, now: now)
    for pause in [10, 120, 900, 1800, 3600, 7200] as [Double] {
      let dialled = dialAll(&book, now: now)
      #expect(dialled == [peer])
      book.dialFailed(peer, now: now)
      let next = try #require(book.nextDialTime)
      let waited = (next - now).inSeconds
      #expect(waited >= pause)
      #expect(waited <= pause * 1.1 + 1e-6)
      #expect(book.nextDial(now: next - .nanoseconds(1)) == nil)
      now = next
    }
    _ = dialAll(&book, now: now)
    book.dialFailed(peer, now: now)
    #expect(book.nextDialTime == nil)
    #expect(book.knownCount == 0)
    #expect(!book.hasCandidates)
  }

  @Test(arguments: [("10.1.2.3", 3), ("80.1.2.3", 60)])
  func aPeerThatTheTrackerNamesAgainIsTriedEarlier(host: String, seconds: Int) throws {
    let address = try #require(IPAddress(host))
    let peer = Endpoint(address: address, port: 6881)
    var book = Self.book()
    book.learn(peer, source: .tracker, now: .zero)
    var now = Instant.zero
    for _ in 0..<3 {
      now = try #require(book.nextDialTime)
      _ = book.nextDial(now: now)
      book.dialFailed(peer, now: now)
    }
    let due = try #require(book.nextDialTime)
    #expect(due - now >= .seconds(900))
    book.learn(peer, source: .given, now: now + .seconds(1))
    #expect(book.nextDialTime == due)
    book.learn(peer, source: .tracker, now: now + .seconds(1))
    #expect(book.nextDialTime == now + .seconds(seconds))
  }

  @Test func pausesDifferFromPeerToPeer() {
    var book = Self.book()
    for number in 0..<50 { book.learn(Self.endpoint(number), source: .tracker, now: .zero) }
    for endpoint in dialAll(&book, now: .zero) { book.dialFailed(endpoint, now: .zero) }
    let early = dialAll(&book, now: .zero + .seconds(10.5)).count
    #expect(early > 5)
    #expect(early < 45)
  }

  @Test func aUsefulPeerStartsAgainAtTheBottom() throws {
    var book = Self.book()
    var now = Instant.zero
    book.learn(peer, source: .tracker, now: now)
    for _ in 0..<4 {
      _ = dialAll(&book, now: now)
      book.dialFailed(peer, now: now)
      now = try #require(book.nextDialTime)
    }
    #expect(!book.hasCandidates)
    _ = dialAll(&book, now: now)
    book.connected(peer)
    #expect(book.hasCandidates)
    book.disconnected(peer, .useful, now: now)
    // Until then a tracker may know a better peer.
    #expect(!book.hasCandidates)
    let next = try #require(book.nextDialTime)
    #expect(next - now <= .seconds(11))
  }

  @Test func anInterruptedPeerIsDialledAtOnceAndThenAsAnyOther() throws {
    var book = Self.book()
    book.learn(peer, source: .tracker, now: .zero)
    _ = dialAll(&book, now: .zero)
    book.connected(peer)
    book.disconnected(peer, .interrupted, now: .zero)
    #expect(book.hasCandidates)
    let next = try #require(book.nextDialTime)
    #expect(next - .zero <= .milliseconds(150))
    _ = dialAll(&book, now: next)
    book.dialFailed(peer, now: next)
    let third = try #require(book.nextDialTime)
    #expect(third - next >= .seconds(10))
  }

  @Test func aBannedPeerIsNotDialledAgainBecauseItBroughtMuch() {
    var book = Self.book()
    book.learn(peer, source: .tracker, now: .zero)
    _ = dialAll(&book, now: .zero)
    book.connected(peer)
    book.ban(peer)
    book.disconnected(peer, .interrupted, now: .zero)
    #expect(book.nextDialTime == nil)
  }

  @Test func aConnectedPeerThatBroughtNothingGoesUpTheLadder() throws {
    var book = Self.book()
    book.learn(peer, source: .tracker, now: .zero)
    _ = dialAll(&book, now: .zero)
    book.dialFailed(peer, now: .zero)
    let now = Instant.zero + .seconds(20)
    _ = dialAll(&book, now: now)
    book.connected(peer)
    book.disconnected(peer, .useless, now: now)
    let next = try #require(book.nextDialTime)
    #expect(next - now >= .seconds(120))
  }

  // MARK: - Forgetting

  @Test func whoIsForgottenIsNotDialledAndNotLearntAgain() {
    var book = Self.book()
    book.learn(peer, source: .tracker, now: .zero)
    book.forget(peer)
    book.learn(peer, source: .tracker, now: .zero)
    #expect(book.nextDialTime == nil)
    #expect(book.knownCount == 0)
    #expect(!book.isBanned(peer))
  }

  @Test func whoIsForgottenWhileDialledStaysForgotten() {
    var book = Self.book()
    book.learn(peer, source: .tracker, now: .zero)
    _ = dialAll(&book, now: .zero)
    book.forget(peer)
    book.dialFailed(peer, now: .zero)
    #expect(book.nextDialTime == nil)
    #expect(!book.hasCandidates)
  }

  // MARK: - Bans

  @Test func aPublicPeerIsBannedByItsAddress() {
    var book = Self.book()
    let neighbour = Endpoint(address: peer.address, port: 9)
    let stranger = Self.endpoint(1 << 8)
    for endpoint in [peer, neighbour, stranger] {
      book.learn(endpoint, source: .tracker, now: .zero)
    }
    book.ban(peer)
    #expect(book.isBanned(peer))
    #expect(book.isBanned(neighbour))
    #expect(!book.isBanned(stranger))
    #expect(dialAll(&book, now: .zero) == [stranger])
    book.learn(neighbour, source: .tracker, now: .zero)
    #expect(book.nextDialTime == nil)
  }

  @Test(arguments: ["127.0.0.1", "10.1.2.3", "192.168.0.1", "::1", "fc00::1"])
  func aPeerOnASharedAddressIsBannedByItsPort(host: String) throws {
    var book = Self.book()
    let address = try #require(IPAddress(host))
    let liar = Endpoint(address: address, port: 1)
    let neighbour = Endpoint(address: address, port: 2)
    for endpoint in [liar, neighbour] { book.learn(endpoint, source: .tracker, now: .zero) }
    book.ban(liar)
    #expect(book.isBanned(liar))
    #expect(!book.isBanned(neighbour))
    #expect(dialAll(&book, now: .zero) == [neighbour])
  }

  @Test func aBanHoldsForTheSameAddressInIPv6Form() throws {
    var book = Self.book()
    let mapped = try #require(IPAddress("::ffff:80.0.0.0"))
    book.ban(peer)
    #expect(book.isBanned(Endpoint(address: mapped, port: 7)))
  }

  @Test func aConnectedPeerOfABannedAddressIsNotDialledAgain() {
    var book = Self.book()
    book.learn(peer, source: .tracker, now: .zero)
    _ = dialAll(&book, now: .zero)
    book.connected(peer)
    book.ban(Endpoint(address: peer.address, port: 9))
    book.disconnected(peer, .useful, now: .zero)
    #expect(book.nextDialTime == nil)
    #expect(book.knownCount == 0)
  }

  // MARK: - Limits

  @Test func tenThousandHostileEndpointsStayWithinTheLimit() {
    var book = Self.book()
    for number in 0..<10_000 { book.learn(Self.endpoint(number), source: .tracker, now: .zero) }
    #expect(book.knownCount == 3000)
    #expect(dialAll(&book, now: .zero).count == 3000)
    for number in 0..<10_000 { book.dialFailed(Self.endpoint(number), now: .zero) }
    #expect(book.knownCount == 3000)
  }

  @Test func aNewPeerTakesThePlaceOfOneThatFailed() {
    var book = Self.book(limit: 10)
    for number in 0..<10 { book.learn(Self.endpoint(number), source: .tracker, now: .zero) }
    book.learn(peer, source: .tracker, now: .zero)
    let new = Self.endpoint(200)
    book.learn(new, source: .tracker, now: .zero)
    #expect(!dialAll(&book, now: .zero).contains(new))
    for number in 0..<10 { book.dialFailed(Self.endpoint(number), now: .zero) }
    book.learn(new, source: .tracker, now: .zero)
    #expect(dialAll(&book, now: .zero) == [new])
    #expect(book.knownCount == 10)
  }

  @Test func bansAreBounded() {
    var book = Self.book()
    for number in 0..<70_000 as Range<UInt32> { book.ban(IPAddress.v4(0x5000_0000 + number)) }
    let first = Endpoint(address: .v4(0x5000_0000), port: 1)
    let last = Endpoint(address: .v4(0x5000_0000 + 69_999), port: 1)
    #expect(book.isBanned(first))
    #expect(!book.isBanned(last))
  }

  @Test func whomStrangersNameGetHalfOfTheRoomAtMost() {
    var book = Self.book(limit: 10)
    for number in 0..<20 { book.learn(Self.endpoint(number), source: .pex, now: .zero) }
    #expect(book.knownCount == 5)
    for number in 20..<40 { book.learn(Self.endpoint(number), source: .tracker, now: .zero) }
    #expect(book.knownCount == 10)
    // A peer that is given up makes room for others again.
    book.forget(Self.endpoint(0))
    #expect(book.learn(Self.endpoint(50), source: .pex, now: .zero) == true)
  }

  @Test func peersOfForgottenSourcesAreNotDialled() {
    var book = Self.book()
    book.learn(Self.endpoint(1), source: .pex, now: .zero)
    book.learn(Self.endpoint(2), source: .tracker, now: .zero)
    book.learn(Self.endpoint(3), source: .dht, now: .zero)
    book.forgetAll { $0 != .tracker }
    #expect(book.nextDial(now: .zero) == Self.endpoint(2))
    #expect(book.nextDial(now: .zero) == nil)
    #expect(book.knownCount == 1)
  }

  @Test func forgottenPeersAreBoundedToo() {
    var book = Self.book(limit: 10)
    for number in 0..<10_000 { book.forget(Self.endpoint(number)) }
    book.learn(Self.endpoint(9999), source: .tracker, now: .zero)
    #expect(book.knownCount == 1)
  }

  // MARK: - The source of a peer

  @Test func thePeerBelongsToWhoNamedItFirst() {
    var book = Self.book()
    let now = Instant.zero
    let isNew = book.learn(peer, source: .given, now: now)
    let isNewAgain = book.learn(peer, source: .tracker, now: now)
    #expect(isNew && !isNewAgain)
    #expect(book.source(of: peer) == .given)
    #expect(book.source(of: Self.endpoint(9)) == nil)
  }

  @Test func aPeerThatTheUserNamedIsNeverGivenUp() {
    var book = Self.book(limit: 1)
    var now = Instant.zero
    book.learn(peer, source: .given, now: now)
    for _ in 0..<50 {
      now = book.nextDialTime ?? now
      let next = book.nextDial(now: now)
      #expect(next == peer)
      book.dialFailed(peer, now: now)
      // A stranger does not take its place.
      book.learn(Self.endpoint(2), source: .tracker, now: now)
    }
    #expect(book.knownCount == 1)
    #expect((book.nextDialTime ?? .distantFuture) - now <= .seconds(66))
  }

  @Test func aBanHoldsForTheWholeNetworkOfAnIPv6Address() {
    var book = Self.book()
    func endpoint(_ high: UInt64, _ low: UInt64) -> Endpoint {
      Endpoint(address: .v6(high: high, low: low), port: 6881)
    }
    let network: UInt64 = 0x2001_0DB8_0000_0001
    book.learn(endpoint(network, 7), source: .tracker, now: .zero)
    book.ban(endpoint(network, 1))
    #expect(book.isBanned(endpoint(network, 99)))
    #expect(!book.isBanned(endpoint(network + 1, 1)))
    #expect(book.nextDialTime == nil)
    book.learn(endpoint(network, 8), source: .tracker, now: .zero)
    #expect(book.knownCount == 0)
  }
}
