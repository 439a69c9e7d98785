import Hashing
import Primitives
import Testing

@Suite struct SHA1Tests {
  /// Vectors of FIPS 180 and of common use.
  static let vectors: [(message: String, digest: String)] = [
    ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
    ("test", "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
    ),
  ]

  @Test(arguments: vectors)
  func publishedVectorsHold(message: String, digest: String) {
    #expect(SHA1.digest(of: Array(message.utf8)).description == digest)
    #expect(SHA1.digest(of: message.utf8).description == digest)
    #expect(Hex.encode(ReferenceSHA1.digest(of: Array(message.utf8))) == digest)
  }

  @Test func millionLettersHaveThePublishedHash() {
    let message = Array(repeating: UInt8(ascii: "a"), count: 1_000_000)
    #expect(SHA1.digest(of: message).description == "34aa973cd4c4daa4f61eeb2bdbad27316534016f")
  }

  @Test func digestKeepsItsBytesAndRefusesOtherLengths() throws {
    let bytes = Array(UInt8(0)..<20)
    #expect(try #require(SHA1Digest(bytes)).bytes == bytes)
    #expect(SHA1Digest(bytes.dropLast()) == nil)
    #expect(SHA1Digest(bytes + [0]) == nil)
  }

  @Test func collectionWithoutContiguousBytesIsHashed() {
    let digest = SHA1.digest(of: [UInt8](repeating: 7, count: 100).lazy.map { $0 &+ 1 })
    #expect(digest.bytes == ReferenceSHA1.digest(of: [UInt8](repeating: 8, count: 100)))
  }
}
