import PeerWire
import Primitives
import Testing

@Suite struct MetadataMessageTests {
  private func decode(_ text: String) throws -> MetadataMessage? {
    try MetadataMessage.decode(Array(text.utf8))
  }

  @Test func messagesAreThoseOfTheSpecification() throws {
    let table: [(MetadataMessage, String)] = [
      (.request(piece: 0), "d8:msg_typei0e5:piecei0ee"),
      (.reject(piece: 3), "d8:msg_typei2e5:piecei3ee"),
      (
        .data(piece: 0, totalSize: 3425, bytes: Array("xyz".utf8)),
        "d8:msg_typei1e5:piecei0e10:total_sizei3425eexyz"
      ),
    ]
    for (message, text) in table {
      #expect(message.payload == Array(text.utf8))
      #expect(try decode(text) == message)
    }
  }

  @Test func unsortedAndUnknownKeysAreTolerated() throws {
    #expect(try decode("d5:piecei7e3:fooli1ee8:msg_typei0ee") == .request(piece: 7))
    #expect(
      try decode("d8:msg_typei1e5:piecei0eeabc")
        == .data(piece: 0, totalSize: nil, bytes: Array("abc".utf8)))
  }

  @Test(arguments: ["d8:msg_typei3e5:piecei0ee", "d8:msg_typei-1ee", "d8:msg_typei99ee"])
  func messagesOfLaterVersionsAreIgnored(text: String) throws {
    #expect(try decode(text) == nil)
  }

  @Test(arguments: [
    "", "de", "le", "i0e", "d8:msg_type1:0e", "d8:msg_typei0ee", "d8:msg_typei0e5:piecei-1ee",
    "d8:msg_typei0e5:piecei1920ee", "d8:msg_typei0e5:piecei9223372036854775807ee",
    "d8:msg_typei1e5:piecei0ee", "d8:msg_typei0e5:piecei0e",
  ])
  func whatMakesNoSenseIsRefused(text: String) {
    #expect(throws: WireError.badExtensionMessage(.metadata)) { try decode(text) }
  }

  @Test func anOverlongPieceIsRefused() throws {
    let whole = MetadataMessage.data(
      piece: 0, totalSize: 20000, bytes: Array(repeating: 1, count: 16384))
    #expect(try MetadataMessage.decode(whole.payload) == whole)
    #expect(throws: WireError.badExtensionMessage(.metadata)) {
      try MetadataMessage.decode(whole.payload + [1])
    }
    #expect(throws: WireError.badExtensionMessage(.metadata)) {
      try MetadataMessage.decode(whole.payload + Array(repeating: 1, count: 2000))
    }
  }

  @Test func anImpossibleTotalCountsAsMissing() throws {
    for size in ["0", "-1", "31457281", "9223372036854775807"] {
      #expect(
        try decode("d8:msg_typei1e5:piecei0e10:total_sizei\(size)eex")
          == .data(piece: 0, totalSize: nil, bytes: [0x78]))
    }
  }

  @Test func mutatedMessagesNeverTrap() {
    let sound = MetadataMessage.data(piece: 5, totalSize: 90000, bytes: [1, 2, 3]).payload
    var random = SeededRandom(seed: 9)
    for _ in 0..<3000 {
      var bytes = sound
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
      bytes.removeLast(Int.random(in: 0...bytes.count, using: &random) / 4)
      // Most are refused; the rest must be within bounds.
      if case .data(let piece, _, let data)? = try? MetadataMessage.decode(bytes) {
        #expect((0..<1920).contains(piece) && (1...16384).contains(data.count))
      }
    }
  }
}

@Suite struct MetadataServerTests {
  private let info = (0..<40000).map { UInt8(truncatingIfNeeded: $0 &* 31) }

  @Test func piecesAreServedWithTheirTotal() {
    var server = MetadataServer(info: info[...])
    server.received(requestFor: 2)
    server.received(requestFor: 0)
    #expect(
      server.nextReply(now: .zero)
        == .data(piece: 2, totalSize: 40000, bytes: Array(info[32768...])))
    #expect(
      server.nextReply(now: .zero)
        == .data(piece: 0, totalSize: 40000, bytes: Array(info[..<16384])))
    #expect(server.nextReply(now: .zero) == nil)
  }

  @Test func aSliceIsServedLikeAnArray() {
    var server = MetadataServer(info: info[10000..<30000])
    server.received(requestFor: 1)
    #expect(
      server.nextReply(now: .zero)
        == .data(piece: 1, totalSize: 20000, bytes: Array(info[26384..<30000])))
  }

  @Test func whatIsNotThereIsRefused() {
    var server = MetadataServer(info: info[...])
    for piece in [3, -1, .max] { server.received(requestFor: piece) }
    for piece in [3, -1, .max] { #expect(server.nextReply(now: .zero) == .reject(piece: piece)) }
    var empty = MetadataServer(info: [])
    empty.received(requestFor: 0)
    #expect(empty.nextReply(now: .zero) == .reject(piece: 0))
  }

  @Test func theRateAndTheQueueAreBounded() {
    let large = [UInt8](repeating: 7, count: 16384 * 1000)
    var server = MetadataServer(info: large[...])
    for piece in 0..<1000 { server.received(requestFor: piece) }
    var (served, refused) = (0, 0)
    for _ in 0..<1000 {
      switch server.nextReply(now: .zero) {
      case .data: served += 1
      case .reject: refused += 1
      default: break
      }
    }
    #expect(refused == 64)
    #expect(served < 64)
    var later = 0
    while case .data = server.nextReply(now: .zero + .seconds(1)) { later += 1 }
    #expect(served + later == 64)
  }

  @Test func whoFetchesItAgainAndAgainIsRefused() {
    var server = MetadataServer(info: info[...])
    var (served, refused) = (0, 0)
    for round in 0..<60 {
      server.received(requestFor: round % 3)
      switch server.nextReply(now: .zero + .seconds(round)) {
      case .data: served += 1
      case .reject: refused += 1
      default: break
      }
    }
    #expect(served == 12)
    #expect(refused == 48)
  }
}
