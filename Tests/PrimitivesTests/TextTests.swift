import Primitives
import Testing

@Suite struct HexTests {
  @Test func bytesAreWrittenInLowerCase() {
    #expect(Hex.encode([0x00, 0x0F, 0xA5, 0xFF]) == "000fa5ff")
    #expect(Hex.encode([]) == "")
  }

  @Test func digitsOfEitherCaseAreRead() {
    #expect(Hex.decode("000fA5fF") == [0x00, 0x0F, 0xA5, 0xFF])
    #expect(Hex.decode("") == [])
  }

  @Test(arguments: ["0", "0g", "000", "+1", " 0", "é0"])
  func otherTextIsRefused(text: String) {
    #expect(Hex.decode(text) == nil)
  }

  @Test func everyByteIsReadBack() {
    let bytes = Array(UInt8.min ... .max)
    #expect(Hex.decode(Hex.encode(bytes)) == bytes)
    #expect(Hex.decode(Hex.encode(bytes).uppercased()) == bytes)
  }
}

@Suite struct PercentEncodingTests {
  @Test func onlyUnreservedCharactersStandForThemselves() {
    // The example that the unofficial specification gives for trackers.
    let hash: [UInt8] = [
      0x12, 0x34, 0x56, 0x78, 0x9A, 0xBC, 0xDE, 0xF1, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF,
      0x12, 0x34, 0x56, 0x78, 0x9A,
    ]
    #expect(
      PercentEncoding.encode(hash)
        == "%124Vx%9A%BC%DE%F1%23Eg%89%AB%CD%EF%124Vx%9A")
    #expect(PercentEncoding.encode("aZ09-._~ /?&=+%".utf8) == "aZ09-._~%20%2F%3F%26%3D%2B%25")
  }

  @Test func printableCharactersStandForThemselvesInMessages() {
    #expect(
      PercentEncoding.encode(Array("-A/ %".utf8) + [0x1B, 0xFF], allowing: .printable)
        == "-A/%20%25%1B%FF")
  }

  @Test func everyByteIsReadBack() {
    let bytes = Array(UInt8.min ... .max)
    #expect(PercentEncoding.decode(PercentEncoding.encode(bytes)) == bytes)
    #expect(PercentEncoding.decode("%fF+") == [0xFF, 0x2B])
  }

  @Test(arguments: ["%", "%1", "%g0", "a%2", "%%20"])
  func brokenEscapesAreRefused(text: String) {
    #expect(PercentEncoding.decode(text) == nil)
  }
}

@Suite struct InfoHashTests {
  @Test func aHashHasTwentyOrThirtyTwoBytes() {
    for count in 0...40 {
      let hash = InfoHash(Array(repeating: 7, count: count))
      #expect((hash != nil) == (count == 20 || count == 32))
    }
  }

  @Test func theWireTakesTwentyBytes() {
    #expect(InfoHash((0..<32).map { UInt8($0) })?.wireBytes == (0..<20).map { UInt8($0) })
  }

  @Test func hexadecimalIsReadAndWritten() {
    let text = "a9993e364706816aba3e25717850c26c9cd0d89d"
    #expect(InfoHash(hex: text)?.description == text)
    #expect(InfoHash(hex: text.uppercased()) == InfoHash(hex: text))
    #expect(InfoHash(hex: text.dropLast()) == nil)
  }
}

@Suite struct PeerIDTests {
  @Test func ourOwnHasItsPrefixAndSurvivesEscaping() {
    var random = SeededRandom(seed: 1)
    let id = PeerID.make(prefix: "-SW0100-", using: &random)
    #expect(id.bytes.count == PeerID.length)
    #expect(id.description.hasPrefix("-SW0100-"))
    #expect(PercentEncoding.encode(id.bytes) == id.description)
    #expect(PeerID.make(prefix: "-SW0100-", using: &random) != id)
  }

  @Test func otherLengthsAreRefused() {
    #expect(PeerID(Array(repeating: 0, count: 19)) == nil)
    #expect(PeerID(Array(repeating: 0, count: 21)) == nil)
  }
}
