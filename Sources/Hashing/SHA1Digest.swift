/// A SHA-1 hash: 20 bytes, stored inline (FIPS 180-4).
public struct SHA1Digest: Hashable, Sendable, CustomStringConvertible {
  /// The length in bytes.
  public static let length = 20

  let words: SHA1Words

  init(words: SHA1Words) {
    self.words = words
  }

  /// Creates a hash from its 20 bytes; fails for any other length.
  public init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == Self.length else { return nil }
    let words = unsafe bytes.withContiguousStorageIfAvailable(Self.words)
    self.words = unsafe words ?? Array(bytes).withUnsafeBufferPointer(Self.words)
  }

  private static func words(in bytes: UnsafeBufferPointer<UInt8>) -> SHA1Words {
    let bytes = UnsafeRawBufferPointer(bytes)
    func word(_ index: Int) -> UInt32 {
      unsafe UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self))
    }
    return SHA1Words(a: word(0), b: word(1), c: word(2), d: word(3), e: word(4))
  }

  /// The 20 bytes.
  public var bytes: [UInt8] {
    [words.a, words.b, words.c, words.d, words.e].flatMap { word in
      unsafe withUnsafeBytes(of: word.bigEndian, Array.init)
    }
  }

  /// The hash in lower-case hexadecimal.
  public var description: String {
    let digits = Array("0123456789abcdef".utf8)
    let text = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    return String(decoding: text, as: UTF8.self)
  }
}

/// The five chaining words of SHA-1, in the layout that the kernels read and write.
struct SHA1Words: Hashable, Sendable {
  var a: UInt32 = 0x6745_2301
  var b: UInt32 = 0xEFCD_AB89
  var c: UInt32 = 0x98BA_DCFE
  var d: UInt32 = 0x1032_5476
  var e: UInt32 = 0xC3D2_E1F0
}
