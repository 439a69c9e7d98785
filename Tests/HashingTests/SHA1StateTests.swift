import Hashing
import Primitives
import Testing

@Suite struct SHA1StateTests {
  private static func message(_ length: Int, seed: UInt64) -> [UInt8] {
    var random = SeededRandom(seed: seed)
    return (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
  }

  @Test func partsGiveTheHashOfTheWhole() {
    var state = SHA1State()
    for part in ["1", "22", "333"] { Array(part.utf8).withUnsafeBytes { state.update($0) } }
    #expect(state.finish().description == "1f74648e50a6a6708ec54ab327a163d5536b7ced")
  }

  @Test func emptyMessageHasThePublishedHash() {
    #expect(SHA1State().finish().description == "da39a3ee5e6b4b0d3255bfef95601890afd80709")
  }

  @Test func randomCutsDoNotChangeTheHash() {
    var random = SeededRandom(seed: 7)
    for length in [1, 63, 64, 65, 128, 500, 1000] {
      let message = Self.message(length, seed: UInt64(length))
      var state = SHA1State()
      message.withUnsafeBytes { bytes in
        var rest = bytes[...]
        while !rest.isEmpty {
          let part = rest.prefix(Int.random(in: 0...130, using: &random))
          state.update(UnsafeRawBufferPointer(rebasing: part))
          rest = rest.dropFirst(part.count)
        }
      }
      #expect(state.finish().bytes == ReferenceSHA1.digest(of: message))
    }
  }

  @Test func byteByByteGivesTheSameHash() {
    let message = Self.message(200, seed: 8)
    var state = SHA1State()
    for byte in message { [byte].withUnsafeBytes { state.update($0) } }
    #expect(state.finish().bytes == ReferenceSHA1.digest(of: message))
  }

  @Test func manyStatesAdvanceTogetherWhateverTheyHold() {
    var random = SeededRandom(seed: 9)
    var states = Array(repeating: SHA1State(), count: 21)
    var messages = Array(repeating: [UInt8](), count: states.count)
    for step in 0..<4 {
      let chunks = messages.indices.map { index in
        let length = step == 0 ? 256 : Int.random(in: 0...200, using: &random)
        return Self.message(length, seed: UInt64(step * 100 + index))
      }
      let storage = chunks.map { chunk in
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunk.count, alignment: 1)
        buffer.copyBytes(from: chunk)
        return buffer
      }
      defer { for buffer in storage { buffer.deallocate() } }
      SHA1State.update(&states, with: storage.map { UnsafeRawBufferPointer($0) })
      for index in messages.indices { messages[index] += chunks[index] }
    }
    for (state, message) in zip(states, messages) {
      #expect(state.finish().bytes == ReferenceSHA1.digest(of: message))
    }
  }
}
