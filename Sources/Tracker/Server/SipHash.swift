/// SipHash-2-4, a short keyed hash that is unpredictable without the key.
///
/// It makes numbers that outsiders must not guess, such as the connection ids of a UDP tracker.
/// Unlike Swift's own hasher, it gives the same results in every process.
struct SipHash {
  private let key: (UInt64, UInt64)

  /// Creates a hash function with a secret key of 128 bits.
  init(key: (UInt64, UInt64)) {
    self.key = key
  }

  /// Returns the hash of a message.
  func hash(_ message: [UInt8]) -> UInt64 {
    var state = State(key: key)
    var rest = message[...]
    while rest.count >= 8 {
      state.take(Self.word(rest.prefix(8)))
      rest = rest.dropFirst(8)
    }
    state.take(Self.word(rest) | UInt64(truncatingIfNeeded: message.count) << 56)
    return state.finished()
  }

  private static func word(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private struct State {
    var v0, v1, v2, v3: UInt64

    init(key: (UInt64, UInt64)) {
      v0 = key.0 ^ 0x736F_6D65_7073_6575
      v1 = key.1 ^ 0x646F_7261_6E64_6F6D
      v2 = key.0 ^ 0x6C79_6765_6E65_7261
      v3 = key.1 ^ 0x7465_6462_7974_6573
    }

    mutating func take(_ word: UInt64) {
      v3 ^= word
      round()
      round()
      v0 ^= word
    }

    mutating func finished() -> UInt64 {
      v2 ^= 0xFF
      for _ in 0..<4 { round() }
      return v0 ^ v1 ^ v2 ^ v3
    }

    private mutating func round() {
      v0 &+= v1
      v1 = v1 << 13 | v1 >> 51
      v1 ^= v0
      v0 = v0 << 32 | v0 >> 32
      v2 &+= v3
      v3 = v3 << 16 | v3 >> 48
      v3 ^= v2
      v0 &+= v3
      v3 = v3 << 21 | v3 >> 43
      v3 ^= v0
      v2 &+= v1
      v1 = v1 << 17 | v1 >> 47
      v1 ^= v2
      v2 = v2 << 32 | v2 >> 32
    }
  }
}
