import Primitives

/// The missing pieces in the order of their availability, the rarest first.
///
/// One array, cut into runs of equal availability; a piece that gains or loses a peer swaps with
/// the border of its run, so each change is O(1). Inside a run the order is by chance. Peers that
/// have everything are not counted here: they make no difference.
struct RarityOrder: Sendable {
  /// Missing pieces, rarest first.
  private(set) var order: [Int32] = []
  /// Each piece's place in `order`; -1 when it is not missing.
  private var position: [Int32]
  /// The number of peers that have each piece, without those that have everything.
  private(set) var availability: [Int32]
  /// `starts[a]` is where the run of availability `a` begins; the last entry is the end.
  private var starts: [Int] = [0]

  init(pieceCount: Int, missing: Bitfield, random: inout SeededRandom) {
    position = Array(repeating: -1, count: pieceCount)
    availability = Array(repeating: 0, count: pieceCount)
    missing.forEach { order.append(Int32($0.value)) }
    order.shuffle(using: &random)
    for (index, piece) in order.enumerated() { position[Int(piece)] = Int32(index) }
    starts = [0, order.count]
  }

  var count: Int { order.count }

  func contains(_ piece: PieceIndex) -> Bool { position[piece.value] >= 0 }

  /// The pieces of each availability, rarest first, as ranges of `order`.
  var runs: some Sequence<Range<Int>> {
    (0..<starts.count - 1).lazy.map { starts[$0]..<starts[$0 + 1] }.filter { !$0.isEmpty }
  }

  // MARK: - Availability

  /// Records that one more peer has the piece.
  mutating func gained(_ piece: PieceIndex) {
    let before = Int(availability[piece.value])
    availability[piece.value] += 1
    growRuns(to: before + 1)
    guard contains(piece) else { return }
    swap(piece, with: starts[before + 1] - 1)
    starts[before + 1] -= 1
  }

  /// Records that one peer less has the piece.
  mutating func lost(_ piece: PieceIndex) {
    let before = Int(availability[piece.value])
    guard before > 0 else { return }
    availability[piece.value] -= 1
    guard contains(piece) else { return }
    swap(piece, with: starts[before])
    starts[before] += 1
  }

  // MARK: - Membership

  /// Records that the piece is no longer missing.
  mutating func remove(_ piece: PieceIndex) {
    guard contains(piece) else { return }
    // It walks to the end of each run above it, and out at the end.
    for run in Int(availability[piece.value]) + 1..<starts.count {
      swap(piece, with: starts[run] - 1)
      starts[run] -= 1
    }
    order.removeLast()
    position[piece.value] = -1
  }

  /// Records that the piece is missing again.
  mutating func insert(_ piece: PieceIndex) {
    guard !contains(piece) else { return }
    growRuns(to: Int(availability[piece.value]))
    position[piece.value] = Int32(order.count)
    order.append(Int32(piece.value))
    starts[starts.count - 1] += 1
    for run in stride(from: starts.count - 2, to: Int(availability[piece.value]), by: -1) {
      swap(piece, with: starts[run])
      starts[run] += 1
    }
  }

  private mutating func growRuns(to availability: Int) {
    while starts.count < availability + 2 { starts.append(order.count) }
  }

  private mutating func swap(_ piece: PieceIndex, with other: Int) {
    let mine = Int(position[piece.value])
    guard mine != other else { return }
    order.swapAt(mine, other)
    position[Int(order[mine])] = Int32(mine)
    position[piece.value] = Int32(other)
  }

  // MARK: - Invariants

  /// Returns a description of the first broken invariant, or nil.
  func checkInvariants() -> String? {
    guard starts.first == 0, starts.last == order.count else { return "the runs miss pieces" }
    for run in 0..<starts.count - 1 {
      guard starts[run] <= starts[run + 1] else { return "run \(run) has a negative length" }
      for index in starts[run]..<starts[run + 1] {
        let piece = Int(order[index])
        guard availability[piece] == run else { return "piece \(piece) is in run \(run)" }
        guard position[piece] == index else { return "piece \(piece) is lost" }
      }
    }
    return nil
  }
}
