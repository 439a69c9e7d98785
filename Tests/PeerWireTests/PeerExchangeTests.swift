import Bencode
import PeerWire
import Primitives
import Testing

@Suite struct PexMessageTests {
  private func endpoint(_ number: Int, isIPv6: Bool = false) -> Endpoint {
    Endpoint(
      address: isIPv6
        ? .v6(high: 0x2001_0DB8_0000_0000, low: UInt64(number)) : .v4(0x5000_0000 + UInt32(number)),
      port: 6881)
  }

  @Test func whatIsWrittenComesBack() throws {
    var message = PexMessage()
    message.added = [
      PexPeer(endpoint(1), flags: [.isSeed, .isReachable]), PexPeer(endpoint(2)),
      PexPeer(endpoint(3, isIPv6: true), flags: PexPeer.Flags(rawValue: 1)),
    ]
    message.dropped = [endpoint(4), endpoint(5, isIPv6: true)]
    #expect(try PexMessage(payload: message.payload) == message)
  }

  @Test func theFieldsAreThoseOfTheSpecification() {
    var message = PexMessage()
    message.added = [PexPeer(Endpoint(address: .v4(0x3132_3334), port: 0x3536), flags: .isSeed)]
    message.dropped = [Endpoint(address: .v4(0x4142_4344), port: 0x4546)]
    #expect(
      message.payload == Array("d5:added6:1234567:added.f1:\u{2}7:dropped6:ABCDEFe".utf8))
  }

  @Test func fieldsOfTheWrongShapeAreReadAsFarAsTheyGo() throws {
    let table: [(String, Int)] = [
      ("de", 0), ("d5:addedi5ee", 0), ("d5:added7:1234567e", 1), ("d5:added5:12345e", 0),
      ("d5:added6:1234567:added.f9:123456789e", 1), ("d6:added617:12345678901234567e", 0),
      ("d7:dropped6:1234567:added.fi1ee", 0),
    ]
    for (text, count) in table {
      let message = try PexMessage(payload: Array(text.utf8))
      #expect(message.added.count == count)
      #expect(message.added.allSatisfy { $0.flags == [] })
    }
  }

  @Test(arguments: [
    "6:added617:12345678901234567", "6:added6i99999999999999999999e", "6:added6le",
    "7:added.fi01e", "5:added0:", "7:dropped5:12345", "8:dropped6i5e",
  ])
  func goodPeersCountWhateverTheRestHolds(broken: String) throws {
    let message = try PexMessage(payload: Array("d5:added6:123456\(broken)e\0".utf8))
    #expect(message.added.count == 1 && message.dropped.isEmpty)
  }

  @Test func addressesThatNoPeerHasAndRepetitionsAreLeftOut() throws {
    let endpoints = [
      Endpoint(address: .v4(0), port: 5), Endpoint(address: .v4(.max), port: 5),
      Endpoint(address: .v4(0xE000_0001), port: 5), Endpoint(address: .v4(0x5000_0001), port: 0),
      endpoint(7), endpoint(7),
    ]
    let payload = BencodeTree.dictionary([
      "added": .bytes(endpoints.flatMap(\.compactBytes)), "added.f": .bytes([0, 0, 0, 0, 2, 0]),
    ]).encodedBytes
    let message = try PexMessage(payload: payload)
    #expect(message.added == [PexPeer(endpoint(7), flags: .isSeed)])
  }

  @Test(arguments: [(3000, 0, 50, 0), (300, 300, 25, 25), (10, 300, 10, 40), (300, 5, 45, 5)])
  func fewPeersOfAMessageAreKept(four: Int, six: Int, keptFour: Int, keptSix: Int) throws {
    let payload = BencodeTree.dictionary([
      "added": .bytes((0..<four).flatMap { endpoint($0).compactBytes }),
      "added6": .bytes((0..<six).flatMap { endpoint($0, isIPv6: true).compactBytes }),
    ]).encodedBytes
    let added = try PexMessage(payload: payload).added
    #expect(added.count { !$0.endpoint.address.isIPv6 } == keptFour)
    #expect(added.count { $0.endpoint.address.isIPv6 } == keptSix)
  }

  @Test func whatIsNoDictionaryOrTooLongIsRefused() {
    let long = BencodeTree.dictionary(["added": .bytes(repeatElement(1, count: 66_000))])
    for payload in [[], Array("le".utf8), Array("d5:added".utf8), long.encodedBytes] {
      #expect(throws: WireError.badExtensionMessage(.peerExchange)) {
        try PexMessage(payload: payload)
      }
    }
  }

  @Test func mutatedMessagesNeverTrap() {
    var message = PexMessage()
    message.added = (1..<9).map { PexPeer(endpoint($0, isIPv6: $0 > 4), flags: .isSeed) }
    message.dropped = [endpoint(20), endpoint(21, isIPv6: true)]
    let sound = message.payload
    for length in sound.indices {
      #expect(throws: WireError.self) { try PexMessage(payload: Array(sound[..<length])) }
    }
    var random = SeededRandom(seed: 11)
    for _ in 0..<3000 {
      var bytes = sound
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
      // Most are refused; the rest must be within bounds.
      guard let read = try? PexMessage(payload: bytes) else { continue }
      #expect(read.added.allSatisfy { $0.endpoint.port != 0 && $0.endpoint.address.isPossiblePeer })
    }
  }
}

@Suite struct PexSenderTests {
  private let recipient = Endpoint(address: .v4(0x5000_0000), port: 1)

  private func peers(_ numbers: Range<Int>) -> [PexPeer] {
    numbers.map { PexPeer(Endpoint(address: .v4(0x5000_0000 + UInt32($0)), port: 1)) }
  }

  @Test func onlyChangesAreToldAndOnceAMinute() {
    var sender = PexSender(recipient: recipient)
    #expect(sender.nextMessage(connected: peers(1..<4), now: .zero)?.added == peers(1..<4))
    #expect(sender.nextMessage(connected: peers(1..<9), now: .zero + .seconds(59)) == nil)
    let second = sender.nextMessage(connected: peers(2..<6), now: .zero + .seconds(60))
    #expect(second?.added == peers(4..<6))
    #expect(second?.dropped == peers(1..<2).map(\.endpoint))
    #expect(sender.nextMessage(connected: peers(2..<6), now: .zero + .seconds(500)) == nil)
    // A new peer is told at once then, because the last message is long past.
    #expect(
      sender.nextMessage(connected: peers(2..<7), now: .zero + .seconds(501))?.added == peers(6..<7)
    )
  }

  @Test func nothingIsToldWhenThereIsNobody() {
    var sender = PexSender(recipient: recipient)
    #expect(sender.nextMessage(connected: [], now: .zero) == nil)
    #expect(sender.nextMessage(connected: peers(0..<1), now: .zero) == nil)
    #expect(
      sender.nextMessage(connected: peers(0..<2), now: .zero + .seconds(1))?.added == peers(1..<2))
  }

  @Test func whatDoesNotFitWaits() {
    var sender = PexSender(recipient: recipient)
    var now = Instant.zero
    var counts: [Int] = []
    for _ in 0..<4 {
      counts.append(sender.nextMessage(connected: peers(1..<181), now: now)?.added.count ?? 0)
      now = now + .seconds(60)
    }
    #expect(counts == [100, 50, 30, 0])
    var dropped: [Int] = []
    for _ in 0..<5 {
      let message = sender.nextMessage(connected: [], now: now)
      #expect(message?.added.isEmpty ?? true)
      dropped.append(message?.dropped.count ?? 0)
      now = now + .seconds(60)
    }
    #expect(dropped == [50, 50, 50, 30, 0])
  }

  @Test func aPeerIsToldOnceHoweverItsAddressIsWritten() {
    var sender = PexSender(recipient: recipient)
    let mapped = PexPeer(
      Endpoint(address: .v6(high: 0, low: 0xFFFF_5000_0001), port: 1), flags: .isSeed)
    let message = sender.nextMessage(connected: peers(1..<2) + [mapped], now: .zero)
    #expect(message?.added == peers(1..<2))
    #expect(sender.nextMessage(connected: [mapped], now: .zero + .seconds(60)) == nil)
  }

  @Test func thePeersToldFollowThoseConnected() throws {
    var random = SeededRandom(seed: 12)
    var sender = PexSender(recipient: recipient)
    var known: Set<Endpoint> = []
    var connected: [PexPeer] = []
    for minute in 0..<200 {
      connected = peers(1..<60).filter { _ in random.next() % 3 == 0 }
      guard
        let message = sender.nextMessage(connected: connected, now: .zero + .seconds(60 * minute))
      else { continue }
      let written = try PexMessage(payload: message.payload)
      #expect(written == message && !message.isEmpty)
      #expect(Set(written.added.map(\.endpoint)).isDisjoint(with: written.dropped))
      #expect(known.isDisjoint(with: written.added.map(\.endpoint)))
      #expect(known.isSuperset(of: written.dropped))
      known.formUnion(written.added.map(\.endpoint))
      known.subtract(written.dropped)
      #expect(known == Set(connected.map(\.endpoint)))
    }
  }
}

@Suite struct PexReceiverTests {
  private let payload = Array("d5:added6:123456e".utf8)

  @Test func oneMessageAMinuteIsMadeUseOf() throws {
    var receiver = PexReceiver()
    #expect(try receiver.received(payload, now: .zero).count == 1)
    #expect(try receiver.received(payload, now: .zero + .seconds(30)).isEmpty)
    #expect(try receiver.received(payload, now: .zero + .seconds(59)).count == 1)
    #expect(try receiver.received(payload, now: .zero + .seconds(119)).count == 1)
  }

  @Test func aFloodEndsTheConnection() throws {
    var receiver = PexReceiver()
    for second in 0..<6 { _ = try receiver.received(payload, now: .zero + .seconds(second)) }
    #expect(throws: WireError.extensionFlood(.peerExchange)) {
      try receiver.received(payload, now: .zero + .seconds(59))
    }
    #expect(try receiver.received(payload, now: .zero + .seconds(60)).count == 1)
  }

  @Test func aMessageThatMakesNoSenseEndsIt() {
    var receiver = PexReceiver()
    #expect(throws: WireError.badExtensionMessage(.peerExchange)) {
      try receiver.received([], now: .zero)
    }
  }
}
