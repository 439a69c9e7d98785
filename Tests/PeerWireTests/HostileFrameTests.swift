import PeerWire
import Primitives
import Testing

/// Frames that a peer must not send: each is a typed error, whatever the cuts.
@Suite struct HostileFrameTests {
  struct Case: CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    let error: WireError
    var testDescription: String { name }
  }

  static let cases: [Case] = [
    Case(
      name: "oversized frame", bytes: [0xFF, 0xFF, 0xFF, 0xFF, 7],
      error: .frameTooLong(0xFFFF_FFFF)),
    Case(
      name: "frame over the limit", bytes: [0, 0x10, 0, 1, 20], error: .frameTooLong(0x100001)),
    Case(
      name: "choke with a body", bytes: [0, 0, 0, 2, 0, 1], error: .badLength(id: 0, length: 2)),
    Case(name: "short have", bytes: [0, 0, 0, 3, 4, 0, 0], error: .badLength(id: 4, length: 3)),
    Case(name: "long have", bytes: [0, 0, 0, 20, 4], error: .badLength(id: 4, length: 20)),
    Case(name: "have beyond the end", bytes: [0, 0, 0, 5, 4, 0, 0, 0, 5], error: .noSuchPiece(5)),
    Case(
      name: "have of a negative index", bytes: [0, 0, 0, 5, 4, 255, 255, 255, 255],
      error: .noSuchPiece(.max)),
    Case(name: "short bitfield", bytes: [0, 0, 0, 1, 5], error: .badBitfield),
    Case(name: "spare bits", bytes: [0, 0, 0, 2, 5, 0xFF], error: .badBitfield),
    Case(name: "long bitfield", bytes: [0, 0, 0, 3, 5, 0, 0], error: .badLength(id: 5, length: 3)),
    Case(
      name: "request of another piece", bytes: block(6, 9, 0, 16384),
      error: .badBlock(piece: 9, offset: 0, length: 16384)),
    Case(
      name: "empty request", bytes: block(6, 0, 0, 0),
      error: .badBlock(piece: 0, offset: 0, length: 0)),
    Case(
      name: "request past the piece", bytes: block(6, 0, 65535, 2),
      error: .badBlock(piece: 0, offset: 65535, length: 2)),
    Case(
      name: "request that wraps around", bytes: block(6, 0, .max, .max),
      error: .badBlock(piece: 0, offset: .max, length: .max)),
    Case(
      name: "empty block", bytes: [0, 0, 0, 9, 7, 0, 0, 0, 0, 0, 0, 0, 0],
      error: .badLength(id: 7, length: 9)),
    Case(
      name: "block past the piece", bytes: [0, 0, 0, 11, 7, 0, 0, 0, 0, 0, 0, 255, 255, 1, 2],
      error: .badBlock(piece: 0, offset: 65535, length: 2)),
    Case(
      name: "extension message without its number", bytes: [0, 0, 0, 1, 20],
      error: .badLength(id: 20, length: 1)),
    Case(
      name: "huge block", bytes: [0, 2, 0, 10, 7, 0, 0, 0, 0, 0, 0, 0, 0],
      error: .badLength(id: 7, length: 0x2000A)),
  ]

  private static func block(
    _ id: UInt8, _ piece: UInt32, _ offset: UInt32, _ length: UInt32
  ) -> [UInt8] {
    var bytes: [UInt8] = [0, 0, 0, 13, id]
    for number in [piece, offset, length] { bytes.appendBigEndian(number) }
    return bytes
  }

  @Test(arguments: cases, [1, 3, 1000])
  func hostileFramesEndTheConnection(_ hostile: Case, limit: Int) throws {
    let geometry = try #require(PieceGeometry(totalLength: 300_001, pieceLength: 65536))
    var feed = InboundFeed(geometry: geometry)
    var caught: WireError?
    do throws(WireError) {
      try feed.deliver(hostile.bytes, limit: limit)
    } catch {
      caught = error
    }
    #expect(caught == hostile.error)
  }

  @Test func randomBytesNeverTrap() throws {
    let geometry = try #require(PieceGeometry(totalLength: 300_001, pieceLength: 65536))
    var random = SeededRandom(seed: 99)
    for _ in 0..<2000 {
      var feed = InboundFeed(geometry: geometry)
      feed.request(geometry.block(0, of: PieceIndex(0)))
      var bytes: [UInt8] = []
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        bytes.appendBigEndian(UInt32.random(in: 0...40, using: &random))
        bytes.append(UInt8.random(in: 0...21, using: &random))
        for _ in 0..<Int.random(in: 0...40, using: &random) {
          bytes.append(UInt8.random(in: 0...255, using: &random) & 3)
        }
      }
      do throws(WireError) {
        try feed.deliver(bytes, limit: Int.random(in: 1...50, using: &random))
      } catch {
        continue
      }
    }
  }
}
