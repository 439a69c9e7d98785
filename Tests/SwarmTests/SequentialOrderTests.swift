import Primitives
import Swarm
import Testing

@Suite struct SequentialOrderTests {
  let seed = PeerNumber(1)
  let partial = PeerNumber(2)

  private func board(pieces: Int, verified: [Int] = []) throws -> TestBoard {
    try TestBoard(pieces: pieces, verified: verified, seeds: [seed], isSequential: true)
  }

  @Test func piecesComeInTheirOrder() throws {
    let board = try board(pieces: 200, verified: [0, 1, 70])
    var order: [Int] = []
    while let claim = board.claim(seed), claim.kind == .fresh {
      order.append(claim.piece.value)
      _ = board.requestAll(claim, seed)
    }
    #expect(order == (2..<200).filter { $0 != 70 })
    #expect(board.change { $0.checkInvariants() } == nil)
  }

  @Test func aPeerWithAPartGetsTheFirstThatItHas() throws {
    let board = try board(pieces: 300)
    board.change { board in
      board.peerJoined(partial)
      for piece in [290, 140, 63, 64] { board.peerHas(partial, PieceIndex(piece)) }
    }
    var order: [Int] = []
    while let claim = board.claim(partial), claim.kind == .fresh { order.append(claim.piece.value) }
    #expect(order == [63, 64, 140, 290])
  }

  @Test func aPieceThatFailedComesFirstAgain() throws {
    let board = try board(pieces: 10)
    for expected in [0, 1, 2] {
      let claim = try #require(board.claim(seed))
      #expect(claim.piece == PieceIndex(expected))
      for block in board.requestAll(claim, seed) { _ = board.received(block, from: seed) }
    }
    board.change { $0.pieceVerified(PieceIndex(1)) }
    board.change { $0.pieceFailed(PieceIndex(0)) }
    #expect(board.change { $0.checkInvariants() } == nil)
    #expect(board.claim(seed)?.piece == PieceIndex(0))
    #expect(board.claim(seed)?.piece == PieceIndex(3))
  }
}
