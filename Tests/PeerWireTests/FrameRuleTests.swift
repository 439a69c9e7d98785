import PeerWire
import Primitives
import Testing

/// The table of frames, which both readers go by.
@Suite struct FrameRuleTests {
  let geometry = PieceGeometry(totalLength: 80_000, pieceLength: 16384)

  @Test func eachNumberHasOneRow() {
    let numbers = FrameRule.all.map(\.id)
    #expect(Set(numbers).count == numbers.count)
    #expect(FrameRule.of(200) == nil)
    for rule in FrameRule.all { #expect(FrameRule.of(rule.id) == rule) }
  }

  @Test func whatIsNotInTheTableOrTooLongToBeLookedAtIsSkipped() throws {
    let longest = PeerMessage.Limit.extended + 2
    #expect(try FrameRule.judge(id: 13, length: 70_000, pieceCount: 5) == .skip)
    #expect(try FrameRule.judge(id: 20, length: longest + 1, pieceCount: 5) == .skip)
    #expect(try FrameRule.judge(id: 20, length: longest, pieceCount: 5) != .skip)
    let tooLong = PeerMessage.Limit.frame + 1
    #expect(throws: WireError.frameTooLong(tooLong)) {
      try FrameRule.judge(id: 13, length: tooLong, pieceCount: 5)
    }
  }

  /// Both readers treat a frame's first bytes alike: with the pieces known, and without.
  @Test func whoKnowsThePiecesAndWhoDoesNotRefuseTheSameFrames() throws {
    let geometry = try #require(geometry)
    for id in UInt8.min...UInt8.max {
      for length in [1, 2, 3, 5, 9, 10, 13, 14, 100, 70_000, 1 << 20, 1 << 20 + 1] {
        // The length that a bitfield may have depends on the pieces.
        if id == PeerMessage.ID.bitfield, length <= PreludeReader.replayLimit { continue }
        var bytes: [UInt8] = []
        bytes.appendBigEndian(UInt32(length))
        bytes.append(id)
        var prelude = PreludeReader()
        prelude.receive(bytes)
        let early = Self.error { () throws(WireError) in _ = try prelude.nextMessage() }
        var feed = InboundFeed(geometry: geometry)
        var late: WireError?
        do throws(WireError) { try feed.deliver(bytes, limit: 100) } catch { late = error }
        if early == .earlyBlock {
          #expect(id == PeerMessage.ID.piece)
        } else if late == .badBitfield {
          continue
        } else {
          #expect(early == late, "message \(id) of \(length) bytes")
        }
      }
    }
  }

  private static func error(_ body: () throws(WireError) -> Void) -> WireError? {
    do throws(WireError) {
      try body()
      return nil
    } catch {
      return error
    }
  }
}
