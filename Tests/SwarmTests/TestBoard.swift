import Primitives
import Swarm
import Testing

/// A board behind a reference, so that `#expect` may change it, with whole pieces of `blocks` blocks.
final class TestBoard {
  private(set) var board: PieceBoard

  init(
    pieces: Int, blocks: Int = 4, verified: [Int] = [], seeds: [PeerNumber] = [], seed: UInt64 = 7,
    isSequential: Bool = false
  ) throws {
    let length = blocks * Block.standardLength
    let geometry = try #require(
      PieceGeometry(totalLength: Int64(pieces * length), pieceLength: length))
    var done = Bitfield(count: pieces)
    for piece in verified { done.insert(PieceIndex(piece)) }
    board = PieceBoard(
      geometry: geometry, verified: done, wanted: Bitfield(count: pieces, filled: true),
      isSequential: isSequential, random: SeededRandom(seed: seed))
    for seed in seeds {
      board.peerJoined(seed)
      board.peerHas(seed, Bitfield(count: pieces, filled: true))
    }
  }

  var isComplete: Bool { board.isComplete }
  var isEndgame: Bool { board.isEndgame }
  var remainingBytes: Int64 { board.remainingBytes }
  var activePieceCount: Int { board.activePieceCount }
  var verified: Bitfield { board.verified }

  func isInteresting(_ peer: PeerNumber) -> Bool { board.isInteresting(peer) }

  func isSeed(_ peer: PeerNumber) -> Bool { board.isSeed(peer) }

  func isActive(_ piece: PieceIndex) -> Bool { board.isActive(piece) }

  /// Does something to the board.
  func change<Result>(_ body: (inout PieceBoard) throws -> Result) rethrows -> Result {
    try body(&board)
  }

  func claim(_ peer: PeerNumber, canOpen: Bool = true) -> Claim? {
    board.claim(for: peer, now: .zero, canOpenPiece: canOpen)
  }

  func request(_ claim: Claim, _ peer: PeerNumber) -> Block? {
    board.nextRequest(of: claim, for: peer, now: .zero)?.block
  }

  /// Asks for all blocks of a claim.
  func requestAll(_ claim: Claim, _ peer: PeerNumber) -> [Block] {
    var blocks: [Block] = []
    while let block = request(claim, peer) { blocks.append(block) }
    return blocks
  }

  func received(_ block: Block, from peer: PeerNumber) -> BlockReceipt {
    board.received(block, from: peer)
  }
}
