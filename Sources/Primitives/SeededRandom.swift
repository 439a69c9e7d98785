/// A small random number generator whose sequence follows from its seed (xoshiro256**).
///
/// It serves choices that need no secrecy, such as which piece or peer to pick and when to retry.
/// The live program seeds it from the system; tests and simulations use a fixed seed, so that a run
/// can be reproduced.
public struct SeededRandom: RandomNumberGenerator, Sendable {
  private var state: (UInt64, UInt64, UInt64, UInt64)

  /// Creates the generator with a seed.
  public init(seed: UInt64) {
    var mixer = seed
    func next() -> UInt64 {
      mixer &+= 0x9E37_79B9_7F4A_7C15
      var value = mixer
      value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
      value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
      return value ^ value >> 31
    }
    state = (next(), next(), next(), next())
  }

  /// Returns a generator with an unpredictable seed.
  public static func unpredictable() -> SeededRandom {
    SeededRandom(seed: UInt64.random(in: .min ... .max))
  }

  /// Returns a generator of its own for another part.
  public mutating func fork() -> SeededRandom { SeededRandom(seed: next()) }

  /// Returns the next 64 random bits.
  public mutating func next() -> UInt64 {
    let result = Self.rotate(state.1 &* 5, by: 7) &* 9
    let shifted = state.1 << 17
    state.2 ^= state.0
    state.3 ^= state.1
    state.1 ^= state.2
    state.0 ^= state.3
    state.2 ^= shifted
    state.3 = Self.rotate(state.3, by: 45)
    return result
  }

  private static func rotate(_ value: UInt64, by bits: UInt64) -> UInt64 {
    value << bits | value >> (64 - bits)
  }
}
