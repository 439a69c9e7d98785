import PeerWire
import Primitives
import Testing

/// The messages that peers send before the pieces are known.
@Suite struct PreludeReaderTests {
  private static func frame(_ id: UInt8, _ body: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendBigEndian(UInt32(body.count + 1))
    return bytes + [id] + body
  }

  private static let introduction = ExtensionHandshake(extensions: [.metadata])
  private static let bitfield = frame(PeerMessage.ID.bitfield, [0xFF, 0xF0])
  private static let have = frame(PeerMessage.ID.have, [0, 0, 0, 9])
  private static let unchoke = frame(PeerMessage.ID.unchoke, [])
  private static let extended = frame(PeerMessage.ID.extended, [0] + introduction.payload)
  private static let metadata = frame(
    PeerMessage.ID.extended, [2] + MetadataMessage.reject(piece: 0).payload)
  private static let keepAlive: [UInt8] = [0, 0, 0, 0]
  private static let unknown = frame(99, Array(repeating: 7, count: 100))

  private static let everything =
    bitfield + extended + keepAlive + metadata + unknown + unchoke + have

  private static func messages(_ reader: inout PreludeReader) throws -> [PeerMessage] {
    var messages: [PeerMessage] = []
    while let message = try reader.nextMessage() { messages.append(message) }
    return messages
  }

  @Test(arguments: [1, 3, 7, 1000])
  func whatConcernsPiecesIsKeptAndTheRestTold(chunk: Int) throws {
    var reader = PreludeReader()
    var messages: [PeerMessage] = []
    var rest = Self.everything[...]
    while !rest.isEmpty {
      reader.receive(rest.prefix(chunk))
      rest = rest.dropFirst(chunk)
      messages += try Self.messages(&reader)
    }
    #expect(
      messages == [
        .extended(number: 0, payload: Self.introduction.payload), .keepAlive,
        .extended(number: 2, payload: MetadataMessage.reject(piece: 0).payload),
      ])
    #expect(reader.replay == Self.bitfield + Self.extended + Self.unchoke + Self.have)
  }

  /// After a handover at any byte, the next reader sees every message that is kept whole.
  @Test func itCanBeHandedOverAnywhere() throws {
    let geometry = try #require(PieceGeometry(totalLength: 12 * 16384, pieceLength: 16384))
    for cut in 0...Self.everything.count {
      var reader = PreludeReader()
      reader.receive(Self.everything.prefix(cut))
      _ = try Self.messages(&reader)
      let events = try Self.decode(reader.replay + Self.everything.dropFirst(cut), geometry)
      let kinds = events.filter { message in
        switch message {
        case .bitfield, .have, .unchoke: true
        case .extended(let number, _): number == 0
        default: false
        }
      }
      #expect(kinds.count == 4, "cut at \(cut): \(events)")
    }
  }

  private static func decode(
    _ bytes: [UInt8], _ geometry: PieceGeometry
  ) throws -> [PeerMessage] {
    var inbound = InboundMachine(geometry: geometry, received: bytes)
    let plan = ReadPlan()
    inbound.layOut(plan)
    var messages: [PeerMessage] = []
    while let event = try inbound.nextEvent(from: plan, placing: { _ in .discard }) {
      if case .message(let message) = event { messages.append(message) }
    }
    return messages
  }

  @Test func whatCannotBeIsRefused() {
    let offences: [([UInt8], WireError)] = [
      ([0xFF, 0xFF, 0xFF, 0xFF, 5], .frameTooLong(0xFFFF_FFFF)),
      (Self.frame(PeerMessage.ID.piece, Array(repeating: 0, count: 20)), .earlyBlock),
      ([0, 0, 0, 100, PeerMessage.ID.have], .badLength(id: PeerMessage.ID.have, length: 100)),
      (
        [0, 9, 0, 0, PeerMessage.ID.bitfield],
        .badLength(id: PeerMessage.ID.bitfield, length: 9 << 16)
      ),
      ([0, 0, 0, 1, PeerMessage.ID.extended], .badLength(id: PeerMessage.ID.extended, length: 1)),
    ]
    for (bytes, expected) in offences {
      var reader = PreludeReader()
      reader.receive(bytes)
      let error = #expect(throws: WireError.self) { while try reader.nextMessage() != nil {} }
      #expect(error == expected)
    }
  }

  @Test func whatIsKeptIsBounded() {
    var reader = PreludeReader()
    let error = #expect(throws: WireError.self) {
      while true {
        for _ in 0..<1000 { reader.receive(Self.have) }
        _ = try reader.nextMessage()
        if reader.replay.count > PreludeReader.replayLimit + 32_000 { return }
      }
    }
    #expect(error == .longPrelude(limit: PreludeReader.replayLimit))
  }

  @Test func aLongMessageThatNobodyKnowsIsSkipped() throws {
    var reader = PreludeReader()
    var bytes: [UInt8] = []
    bytes.appendBigEndian(UInt32(500_000))
    bytes.append(77)
    reader.receive(bytes + Array(repeating: 1, count: 100_000))
    #expect(try reader.nextMessage() == nil)
    #expect(reader.replay.count == 5)
    reader.receive(Array(repeating: 1, count: 399_999) + Self.have)
    #expect(try reader.nextMessage() == nil)
    #expect(reader.replay == Self.have)
  }
}

@Suite struct MessageAllowanceTests {
  @Test func aBurstIsAllowedAndThenSoManyASecond() {
    var allowance = MessageAllowance(burst: 10, perSecond: 2)
    var now = Instant.zero
    var allowed = 0
    for _ in 0..<50 where allowance.takeOne(now: now) { allowed += 1 }
    #expect(allowed == 10)
    now = now + .seconds(3)
    for _ in 0..<50 where allowance.takeOne(now: now) { allowed += 1 }
    #expect(allowed == 16)
    now = now + .seconds(1000)
    for _ in 0..<50 where allowance.takeOne(now: now) { allowed += 1 }
    #expect(allowed == 26)
  }

  @Test func whoTellsOfItselfWithoutEndIsStopped() {
    var machine = PeerConnectionMachine(now: .zero)
    let handshake = PeerMessage.extended(number: 0, payload: ExtensionHandshake().payload)
    let error = #expect(throws: WireError.self) {
      for _ in 0..<1000 { _ = try machine.received(handshake, now: .zero) }
    }
    #expect(error == .extendedFlood)
  }
}
