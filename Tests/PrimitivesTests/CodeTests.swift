import Primitives
import Testing

@Suite struct CRC32CTests {
  @Test func checksumsAreThoseOfTheSpecification() {
    #expect(CRC32C.checksum(of: Array("123456789".utf8)) == 0xE306_9283)
    #expect(CRC32C.checksum(of: []) == 0)
    #expect(CRC32C.checksum(of: Array(repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.checksum(of: Array(repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(CRC32C.checksum(of: (0..<32).map { UInt8($0) }) == 0x46DD_794E)
  }
}

@Suite struct Base32Tests {
  static let vectors = [
    ("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"),
    ("fooba", "MZXW6YTB"), ("foobar", "MZXW6YTBOI"),
  ]

  @Test(arguments: vectors)
  func vectorsGoBothWays(plain: String, coded: String) {
    #expect(Base32.encode(plain.utf8) == coded)
    #expect(Base32.decode(coded) == Array(plain.utf8))
    #expect(Base32.decode(coded.lowercased()) == Array(plain.utf8))
  }

  @Test(arguments: [
    "A", "MZX", "MZXW6YT", "MZXW6Y", "M0", "M1", "M8", "MY======", "M Y", "Mÿ", "MZ",
  ])
  func whatNoBytesWriteIsRefused(text: String) {
    #expect(Base32.decode(text) == nil)
  }

  @Test func randomBytesComeBack() {
    var random = SeededRandom(seed: 32)
    for length in 0..<50 {
      let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
      #expect(Base32.decode(Base32.encode(bytes)) == bytes)
    }
  }
}
