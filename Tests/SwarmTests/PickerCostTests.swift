import Primitives
import Swarm
import Testing

/// The cost of a pick; printed, never judged.
@Suite struct PickerCostTests {
  #if DEBUG
    static let sizes = [(pieces: 5000, peers: 50)]
  #else
    static let sizes = [
      (pieces: 1000, peers: 10), (pieces: 10_000, peers: 100), (pieces: 100_000, peers: 1000),
    ]
  #endif

  @Test(arguments: sizes)
  func aPieceIsClaimedAskedForAndReceived(pieces: Int, peers: Int) throws {
    let geometry = try #require(
      PieceGeometry(totalLength: Int64(pieces) << 18, pieceLength: 1 << 18))
    var random = SeededRandom(seed: 1)
    var board = PieceBoard(
      geometry: geometry, verified: Bitfield(count: pieces),
      wanted: Bitfield(count: pieces, filled: true), random: random)
    let clock = ContinuousClock()
    let joining = clock.measure { join(&board, pieces: pieces, peers: peers, &random) }
    let turns = 20_000
    var claims = 0
    let working = clock.measure {
      for turn in 0..<turns where work(&board, PeerNumber(turn % peers)) { claims += 1 }
    }
    #expect(claims > 0)
    print(
      "picker: \(pieces) pieces, \(peers) peers: \(joining / peers) to join, "
        + "\(working / claims) for claim, 16 x (request, receipt) and verdict")
  }

  /// Every other peer is a seed, the others have half of all pieces, or one in a hundred.
  private func join(
    _ board: inout PieceBoard, pieces: Int, peers: Int, _ random: inout SeededRandom
  ) {
    for number in 0..<peers {
      board.peerJoined(PeerNumber(number))
      var has = Bitfield(count: pieces, filled: number % 2 == 0)
      let step = number % 4 == 1 ? 2 : 100
      if !has.isFull {
        for piece in 0..<pieces where Int.random(in: 0..<step, using: &random) == 0 {
          has.insert(PieceIndex(piece))
        }
      }
      board.peerHas(PeerNumber(number), has)
      board.updatePeer(PeerNumber(number), rate: 100_000, isSnubbed: false)
    }
  }

  private func work(_ board: inout PieceBoard, _ peer: PeerNumber) -> Bool {
    guard let claim = board.claim(for: peer, now: .zero, canOpenPiece: true) else { return false }
    while let request = board.nextRequest(of: claim, for: peer, now: .zero) {
      if board.received(request.block, from: peer).completesPiece {
        board.pieceVerified(claim.piece)
      }
    }
    return true
  }
}
