import Primitives
import Testing

@Suite struct PieceGeometryTests {
  @Test func theLastPieceIsTheRest() throws {
    let geometry = try #require(PieceGeometry(totalLength: 100_000, pieceLength: 32768))
    #expect(geometry.pieceCount == 4)
    #expect(geometry.pieces.map { geometry.length(of: $0) } == [32768, 32768, 32768, 1696])
    #expect(geometry.pieces.map { geometry.offset(of: $0) } == [0, 32768, 65536, 98304])
    #expect(geometry.pieces.map { geometry.blockCount(of: $0) } == [2, 2, 2, 1])
  }

  @Test func aMultipleHasAFullLastPiece() throws {
    let geometry = try #require(PieceGeometry(totalLength: 65536, pieceLength: 32768))
    #expect(geometry.pieceCount == 2)
    #expect(geometry.length(of: PieceIndex(1)) == 32768)
  }

  @Test func impossibleLengthsAreRefused() {
    #expect(PieceGeometry(totalLength: 0, pieceLength: 16384) == nil)
    #expect(PieceGeometry(totalLength: -1, pieceLength: 16384) == nil)
    #expect(PieceGeometry(totalLength: 1, pieceLength: 0) == nil)
    #expect(PieceGeometry(totalLength: 1, pieceLength: -16384) == nil)
    #expect(PieceGeometry(totalLength: 1, pieceLength: (512 << 20) + 1) == nil)
    #expect(PieceGeometry(totalLength: 1, pieceLength: 512 << 20) != nil)
    #expect(PieceGeometry(totalLength: .max, pieceLength: 512 << 20) == nil)
    #expect(PieceGeometry(totalLength: Int64(Int32.max), pieceLength: 1)?.pieceCount == 0x7FFF_FFFF)
    #expect(PieceGeometry(totalLength: Int64(Int32.max) + 1, pieceLength: 1) == nil)
  }

  @Test func blocksCoverTheirPiece() throws {
    let geometry = try #require(PieceGeometry(totalLength: 90_001, pieceLength: 40_000))
    for piece in geometry.pieces {
      let blocks = (0..<geometry.blockCount(of: piece)).map { geometry.block($0, of: piece) }
      #expect(blocks.map(\.number) == Array(blocks.indices))
      #expect(blocks.map(\.length).reduce(0, +) == geometry.length(of: piece))
      var end = 0
      for block in blocks {
        #expect(block.offset == end)
        end += block.length
      }
    }
  }

  @Test(arguments: [
    (0, 0, 16384, true), (1, 0, 1696, true), (1, 0, 1697, false), (1, 1695, 1, true),
    (1, 1696, 1, false), (2, 0, 1, false), (0, 0, 0, false), (0, 32767, 1, true),
    (0, 32768, 1, false), (UInt32.max, 0, 1, false), (0, UInt32.max, 1, false),
    (0, 0, UInt32.max, false), (0, UInt32.max, UInt32.max, false), (0, 100, 32668, true),
  ])
  func blocksOfPeersMustLieInTheirPiece(
    piece: UInt32, offset: UInt32, length: UInt32, isValid: Bool
  ) throws {
    let geometry = try #require(PieceGeometry(totalLength: 34464, pieceLength: 32768))
    let block = geometry.block(piece: piece, offset: offset, length: length)
    #expect((block != nil) == isValid)
    #expect((geometry.piece(piece) != nil) == (piece < 2))
  }
}
