import Primitives
import Testing

@testable import Swarm

@Suite struct RarityOrderTests {
  /// The naive model of the order.
  struct Model {
    var availability: [Int]
    var missing: Set<Int>
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func itAgreesWithASortedList(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let count = 40
    var missing = Bitfield(count: count)
    for piece in 0..<count where piece % 5 != 0 { missing.insert(PieceIndex(piece)) }
    var order = RarityOrder(pieceCount: count, missing: missing, random: &random)
    var model = Model(
      availability: Array(repeating: 0, count: count),
      missing: Set((0..<count).filter { $0 % 5 != 0 }))
    for _ in 0..<4000 {
      let piece = Int.random(in: 0..<count, using: &random)
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<4:
        order.gained(PieceIndex(piece))
        model.availability[piece] += 1
      case 4..<8:
        order.lost(PieceIndex(piece))
        model.availability[piece] = max(0, model.availability[piece] - 1)
      case 8:
        order.remove(PieceIndex(piece))
        model.missing.remove(piece)
      default:
        order.insert(PieceIndex(piece))
        model.missing.insert(piece)
      }
      expectAgreement(order, model)
    }
  }

  private func expectAgreement(_ order: RarityOrder, _ model: Model) {
    let pieces = order.order.map { Int($0) }
    let rarities = pieces.map { model.availability[$0] }
    // One check a step: the suite makes thousands of steps.
    let agrees =
      order.checkInvariants() == nil && Set(pieces) == model.missing
      && pieces.count == model.missing.count && rarities == rarities.sorted()
      && order.availability.map { Int($0) } == model.availability
    #expect(agrees)
  }

  @Test func equalsStandInAnOrderByChance() {
    let missing = Bitfield(count: 100, filled: true)
    var (one, two) = (SeededRandom(seed: 1), SeededRandom(seed: 2))
    let first = RarityOrder(pieceCount: 100, missing: missing, random: &one)
    let second = RarityOrder(pieceCount: 100, missing: missing, random: &two)
    #expect(first.order != second.order)
    #expect(first.order != first.order.sorted())
  }

  @Test func aPieceThatNobodyHasStaysAtNone() {
    var random = SeededRandom(seed: 1)
    var order = RarityOrder(
      pieceCount: 2, missing: Bitfield(count: 2, filled: true), random: &random)
    order.lost(PieceIndex(1))
    #expect(order.availability == [0, 0])
    #expect(order.checkInvariants() == nil)
  }
}
