import Bencode
import Primitives
import Testing

@Suite struct BencodeFuzzTests {
  /// Values of all types, nested at random.
  private func randomTree(depth: Int, using random: inout SeededRandom) -> BencodeTree {
    switch Int.random(in: 0..<(depth > 0 ? 4 : 2), using: &random) {
    case 0: return .integer(Int64(bitPattern: random.next() >> UInt64(random.next() % 64)))
    case 1:
      let count = Int.random(in: 0..<12, using: &random)
      return .bytes((0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) })
    case 2:
      let count = Int.random(in: 0..<5, using: &random)
      return .list((0..<count).map { _ in randomTree(depth: depth - 1, using: &random) })
    default:
      var entries: [BencodeBytes: BencodeTree] = [:]
      for _ in 0..<Int.random(in: 0..<6, using: &random) {
        let count = Int.random(in: 0..<4, using: &random)
        let key = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        entries[BencodeBytes(key)] = randomTree(depth: depth - 1, using: &random)
      }
      return .dictionary(entries)
    }
  }

  @Test func whatIsWrittenIsReadBackTheSame() throws {
    var random = SeededRandom(seed: 1)
    for _ in 0..<500 {
      let tree = randomTree(depth: 5, using: &random)
      let bytes = tree.encodedBytes
      let document = try BencodeParser.parse(bytes)
      #expect(document.warnings.isEmpty)
      #expect(BencodeTree(document.root) == tree)
      #expect(BencodeTree(document.root).encodedBytes == bytes)
    }
  }

  @Test func mutatedInputNeverTraps() throws {
    var random = SeededRandom(seed: 2)
    let alphabet = Array("0123456789:-eild".utf8)
    var accepted = 0
    for _ in 0..<4000 {
      var bytes = randomTree(depth: 4, using: &random).encodedBytes
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let at = Int.random(in: 0..<bytes.count, using: &random)
        let letter = alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
        switch random.next() % 4 {
        case 0: bytes[at] = letter
        case 1: bytes.insert(letter, at: at)
        case 2 where bytes.count > 1: bytes.remove(at: at)
        default: bytes[at] = UInt8.random(in: .min ... .max, using: &random)
        }
      }
      // Most mutations are refused; the rest must be readable as a whole.
      guard let document = try? BencodeParser.parse(bytes) else { continue }
      accepted += 1
      let again = BencodeTree(document.root).encodedBytes
      #expect(try BencodeParser.parse(again).root.range.count == again.count)
    }
    #expect(accepted > 100)
  }

  @Test func randomBytesNeverTrap() {
    var random = SeededRandom(seed: 3)
    let alphabet = Array("0123456789:-eildd1:a".utf8)
    for _ in 0..<4000 {
      let bytes = (0..<Int.random(in: 0..<40, using: &random)).map { _ in
        alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
      }
      // Only a trap can fail this test, so the result does not matter.
      _ = try? BencodeParser.parsePrefix(bytes)
    }
  }
}
