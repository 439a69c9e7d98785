import Primitives
import Swarm

/// The cost of a decision, by the number of pieces and peers: it should hardly grow with either.
enum PickerBenchmark {
  private static let turns = 10_000

  static func run() throws {
    Measurement.printHead(
      "Piece board: ns for a claim, 16 × (request, receipt) and the verdict",
      ["pieces", "1 peer", "100 peers", "1,000 peers"])
    for pieces in [100, 1000, 10_000, 100_000] {
      var cells = ["\(pieces)"]
      for peers in [1, 100, 1000] {
        cells.append(Measurement.text(try cost(pieces: pieces, peers: peers)))
      }
      Measurement.printRow(cells)
    }
  }

  /// The mean time for one piece; when all are there, a fresh board takes over.
  private static func cost(pieces: Int, peers: Int) throws -> Double {
    guard let geometry = PieceGeometry(totalLength: Int64(pieces) << 18, pieceLength: 1 << 18)
    else { throw BenchmarkError.impossible("a geometry") }
    var time = 0.0
    var done = 0
    while done < turns {
      // Half of a board, because towards its end not every peer has something to claim.
      let count = min(turns - done, max(1, pieces / 2))
      var board = makeBoard(geometry, peers: peers)
      time += Measurement.time {
        for turn in 0..<count { work(&board, PeerNumber(turn % peers)) }
      }
      done += count
    }
    return time / Double(turns)
  }

  /// Every other peer is a seed; of the others one half has half of all pieces, the rest a
  /// hundredth.
  private static func makeBoard(_ geometry: PieceGeometry, peers: Int) -> PieceBoard {
    let count = geometry.pieceCount
    var board = PieceBoard(
      geometry: geometry, verified: Bitfield(count: count),
      wanted: Bitfield(count: count, filled: true), random: SeededRandom(seed: 1))
    for number in 0..<peers {
      let peer = PeerNumber(number)
      board.peerJoined(peer)
      var has = Bitfield(count: count, filled: number % 2 == 0)
      if !has.isFull {
        let step = number % 4 == 1 ? 2 : 100
        for piece in stride(from: number / 4 % step, to: count, by: step) {
          has.insert(PieceIndex(piece))
        }
      }
      board.peerHas(peer, has)
      board.updatePeer(peer, rate: 100_000, isSnubbed: false)
    }
    return board
  }

  private static func work(_ board: inout PieceBoard, _ peer: PeerNumber) {
    guard let claim = board.claim(for: peer, now: .zero, canOpenPiece: true) else { return }
    while let request = board.nextRequest(of: claim, for: peer, now: .zero) {
      if board.received(request.block, from: peer).completesPiece {
        board.pieceVerified(claim.piece)
      }
    }
  }
}
