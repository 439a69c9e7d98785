import PeerWire
import Primitives
import Testing

@Suite struct InboundMachineTests {
  static let limits = [1, 2, 3, 5, 13, 14, 100, 4096, 16384, 16397, 16398, 100_000, 10_000_000]

  let geometry: PieceGeometry
  let payload: [UInt8]

  init() throws {
    geometry = try #require(PieceGeometry(totalLength: 300_001, pieceLength: 65536))
    var random = SeededRandom(seed: 7)
    payload = (0..<300_001).map { _ in UInt8.random(in: 0...255, using: &random) }
  }

  var allBlocks: [Block] {
    geometry.pieces.flatMap { piece in
      (0..<geometry.blockCount(of: piece)).map { geometry.block($0, of: piece) }
    }
  }

  @Test(arguments: limits)
  func blocksInTheOrderOfTheRequestsLandInPlace(limit: Int) throws {
    var feed = InboundFeed(geometry: geometry)
    var script = FrameScript()
    for block in allBlocks {
      feed.request(block)
      script.add(block, of: payload, geometry: geometry)
    }
    try feed.deliver(script.bytes, limit: limit)
    let (blocks, stored) = (feed.blocks, feed.stored)
    #expect(blocks == allBlocks)
    #expect(stored == payload)
  }

  @Test(arguments: limits)
  func otherMessagesAndAnotherOrderLoseNothing(limit: Int) throws {
    var random = SeededRandom(seed: UInt64(limit))
    var feed = InboundFeed(geometry: geometry)
    var script = FrameScript()
    var expected: [PeerMessage] = [.unchoke]
    script.add(.unchoke)
    for block in allBlocks { feed.request(block) }
    let order = allBlocks.shuffled(using: &random)
    for block in order {
      let extra: [PeerMessage] = [
        .keepAlive, .have(block.piece), .request(block), .choke, .port(6881), .cancel(block),
      ]
      let message = extra[Int.random(in: 0..<extra.count, using: &random)]
      script.add(message)
      expected.append(message)
      script.add(block, of: payload, geometry: geometry)
    }
    try feed.deliver(script.bytes, limit: limit)
    let (blocks, messages, stored) = (feed.blocks, feed.messages, feed.stored)
    #expect(blocks == order)
    #expect(messages == expected)
    #expect(stored == payload)
  }

  @Test(arguments: limits)
  func unknownMessagesAreSkippedWhateverTheyHold(limit: Int) throws {
    var feed = InboundFeed(geometry: geometry)
    var script = FrameScript()
    var big: [UInt8] = []
    big.appendBigEndian(UInt32(70_001))
    big.append(20)
    big += Array(repeating: 7, count: 70_000)
    for block in allBlocks.prefix(6) {
      feed.request(block)
      script.add(raw: big)
      script.add(block, of: payload, geometry: geometry)
    }
    try feed.deliver(script.bytes, limit: limit)
    let (blocks, messages) = (feed.blocks, feed.messages)
    #expect(blocks == Array(allBlocks.prefix(6)))
    #expect(messages == Array(repeating: .unknown(id: 20), count: 6))
  }

  @Test(arguments: limits)
  func aBlockPutAsideIsHandedOverWhole(limit: Int) throws {
    let special = allBlocks[3]
    var feed = InboundFeed(geometry: geometry) { $0 == special ? .aside : nil }
    var script = FrameScript()
    for block in allBlocks {
      feed.request(block)
      script.add(block, of: payload, geometry: geometry)
    }
    try feed.deliver(script.bytes, limit: limit)
    let start = Int(geometry.offset(of: special.piece)) + special.offset
    let (aside, blocks, stored) = (feed.asideBlocks[special], feed.blocks, feed.stored)
    #expect(aside == Array(payload[start..<start + special.length]))
    #expect(blocks == allBlocks)
    #expect(stored[start] == 0 || payload[start] == 0)
  }

  /// BEP 3 has the bitfield come first only, but aria2 sends a new one in place of many `have`s.
  @Test func aLaterBitfieldIsOneMoreMessage() throws {
    var feed = InboundFeed(geometry: geometry)
    try feed.deliver([0, 0, 0, 2, 5, 0x80, 0, 0, 0, 2, 5, 0xF8], limit: 100)
    let messages = feed.messages
    #expect(messages.count == 2)
    #expect(messages.last == .bitfield(Bitfield(count: 5, filled: true)))
  }

  @Test func aDiscardedBlockIsReadAndForgotten() throws {
    let special = allBlocks[2]
    var feed = InboundFeed(geometry: geometry) { $0 == special ? .discard : nil }
    var script = FrameScript()
    for block in allBlocks {
      feed.request(block)
      script.add(block, of: payload, geometry: geometry)
    }
    try feed.deliver(script.bytes, limit: 1000)
    let start = Int(geometry.offset(of: special.piece)) + special.offset
    let stored = feed.stored
    #expect(stored[start..<start + special.length].allSatisfy { $0 == 0 })
    #expect(stored[..<start] == payload[..<start])
  }

  @Test func aBlockWhosePlaceIsTakenMidwayEndsNowhere() throws {
    let block = allBlocks[0]
    let isTaken = Flag()
    var feed = InboundFeed(geometry: geometry) { _ in isTaken.value ? .discard : nil }
    feed.request(block)
    var script = FrameScript()
    script.add(block, of: payload, geometry: geometry)
    try feed.deliver(Array(script.bytes.prefix(5000)), limit: 5000)
    isTaken.value = true
    try feed.deliver(Array(script.bytes.dropFirst(5000)), limit: 100_000)
    let (stored, blocks) = (feed.stored, feed.blocks)
    #expect(blocks == [block])
    #expect(stored[5000..<16384].allSatisfy { $0 == 0 })
  }

  @Test func anAbandonedBlockDoesNotBecomePartOfItsNextCopy() throws {
    let geometry = try #require(PieceGeometry(totalLength: 32768, pieceLength: 32768))
    var feed = InboundFeed(geometry: geometry)
    let block = geometry.block(0, of: PieceIndex(0))
    let old = [UInt8](repeating: 7, count: 32768)
    var script = FrameScript()
    script.add(block, of: old, geometry: geometry)
    feed.request(block)
    try feed.deliver(Array(script.bytes.prefix(5000)), limit: 5000)
    // Another peer brings the block, the piece proves bad, and the block is asked for once more,
    // to be put into the same place.
    feed.machine.abandon(block)
    feed.storage.initializeMemory(as: UInt8.self, repeating: 0)
    try feed.deliver(Array(script.bytes.dropFirst(5000)), limit: 3000)
    let (stored, placements) = (feed.stored, feed.placements)
    #expect(placements == [.discard])
    #expect(stored.allSatisfy { $0 == 0 })
  }

  @Test func manyBlocksFitOneRead() throws {
    let geometry = try #require(PieceGeometry(totalLength: 4 << 20, pieceLength: 1 << 20))
    var feed = InboundFeed(geometry: geometry)
    var script = FrameScript()
    let payload = [UInt8](repeating: 9, count: 4 << 20)
    for piece in geometry.pieces {
      for number in 0..<geometry.blockCount(of: piece) {
        feed.request(geometry.block(number, of: piece))
        script.add(geometry.block(number, of: piece), of: payload, geometry: geometry)
      }
    }
    try feed.deliver(script.bytes, limit: .max)
    let longest = feed.longestRead
    #expect(longest == ReadPlan.maximumBlocks * (13 + 16384))
  }
}

/// A value that a closure and its test share.
final class Flag {
  var value = false
}
