import Primitives
import Testing

@Suite struct BitfieldTests {
  @Test func pieceZeroIsTheHighBitOfTheFirstByte() {
    var field = Bitfield(count: 10)
    field.insert(PieceIndex(0))
    field.insert(PieceIndex(9))
    #expect(field.wireBytes == [0x80, 0x40])
    #expect(Bitfield(wireBytes: [0x80, 0x40], count: 10) == field)
  }

  @Test func spareBitsMustBeZero() {
    for count in 1...200 where count % 8 != 0 {
      var bytes = Bitfield(count: count, filled: true).wireBytes
      #expect(Bitfield(wireBytes: bytes, count: count)?.isFull == true)
      bytes[bytes.count - 1] |= 1
      #expect(Bitfield(wireBytes: bytes, count: count) == nil)
    }
  }

  @Test func theLengthMustFit() {
    for count in [1, 8, 9, 64, 65] {
      let bytes = (count + 7) / 8
      #expect(Bitfield(wireBytes: Array(repeating: 0, count: bytes), count: count) != nil)
      #expect(Bitfield(wireBytes: Array(repeating: 0, count: bytes + 1), count: count) == nil)
      #expect(Bitfield(wireBytes: Array(repeating: 0, count: bytes - 1), count: count) == nil)
    }
  }

  @Test func theFullAndTheEmptySetAreKnown() {
    for count in [0, 1, 63, 64, 65, 128] {
      let full = Bitfield(count: count, filled: true)
      #expect(full.isFull)
      #expect(full.population == count)
      let empty = Bitfield(count: count)
      #expect(empty.isEmpty)
      #expect(empty.isFull == (count == 0))
    }
  }

  @Test func itAgreesWithASetOfNumbers() {
    var random = SeededRandom(seed: 1)
    for count in [1, 7, 64, 130, 1000] {
      var field = Bitfield(count: count)
      var model: Set<Int> = []
      for _ in 0..<500 {
        let number = Int.random(in: 0..<count, using: &random)
        if random.next() % 3 == 0 {
          #expect(field.remove(PieceIndex(number)) == (model.remove(number) != nil))
        } else {
          #expect(field.insert(PieceIndex(number)) == model.insert(number).inserted)
        }
        #expect(field.population == model.count)
      }
      var seen: [Int] = []
      field.forEach { seen.append($0.value) }
      #expect(seen == model.sorted())
      #expect((0..<count).filter { field.contains(PieceIndex($0)) } == model.sorted())
      #expect(Bitfield(wireBytes: field.wireBytes, count: count) == field)
    }
  }

  @Test func missingPiecesOfAnotherSetAreNoticed() {
    var mine = Bitfield(count: 100)
    var theirs = Bitfield(count: 100)
    #expect(!mine.lacksAny(of: theirs))
    theirs.insert(PieceIndex(70))
    #expect(mine.lacksAny(of: theirs))
    mine.insert(PieceIndex(70))
    mine.insert(PieceIndex(1))
    #expect(!mine.lacksAny(of: theirs))
    #expect(theirs.lacksAny(of: mine))
  }

  @Test func rangesAndCommonPiecesAreWhatAWalkWouldFind() {
    var random = SeededRandom(seed: 5)
    for count in [1, 63, 64, 65, 128, 300] {
      var first = Bitfield(count: count)
      var second = Bitfield(count: count)
      for piece in 0..<count {
        if Int.random(in: 0..<8, using: &random) == 0 { first.insert(PieceIndex(piece)) }
        if Int.random(in: 0..<8, using: &random) == 0 { second.insert(PieceIndex(piece)) }
      }
      for start in 0...count {
        let expected = (start..<count).first {
          first.contains(PieceIndex($0)) && second.contains(PieceIndex($0))
        }
        #expect(first.firstCommon(with: second, from: start)?.value == expected)
        let end = Int.random(in: start...count, using: &random)
        let population = (start..<end).count { first.contains(PieceIndex($0)) }
        #expect(first.population(in: start..<end) == population)
      }
    }
  }
}
