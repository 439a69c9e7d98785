import Bencode
import Primitives
import TestSupport
import Testing

/// One odd byte must not void what is sound around it, where nothing is hashed.
@Suite struct BencodeToleranceTests {
  private func parse(
    _ text: String, _ tolerance: BencodeTolerance = .everywhere
  ) throws(BencodeError) -> BencodeDocument {
    try BencodeParser.parse(Array(text.utf8), tolerance: tolerance)
  }

  private func defect(_ text: String, _ tolerance: BencodeTolerance) -> BencodeDefect? {
    do {
      _ = try parse(text, tolerance)
      return nil
    } catch {
      guard case .malformed(let defect, _, _) = error else { return nil }
      return defect
    }
  }

  // MARK: - Around the value

  @Test(arguments: [
    ("\0", 1), ("\u{1A}", 1), ("\0\0\0\0", 4), ("<html>", 6), ("\n<br />\nNotice", 14), ("e", 1),
    ("i1e", 3), (" \0", 2),
  ])
  func whatFollowsTheValueIsPassedOver(rest: String, count: Int) throws {
    let document = try parse("d1:ai1ee" + rest)
    #expect(document.root["a"]?.integer == 1)
    #expect(document.root.range == 0..<8)
    #expect(document.warnings == [.trailingBytes(offset: 8, count: count)])
    #expect(defect("d1:ai1ee" + rest, .none) == .trailingBytes)
  }

  @Test func whiteSpaceAtTheEndIsCalledSo() throws {
    #expect(try parse("i1e \r\n").warnings == [.trailingWhiteSpace(offset: 3)])
  }

  @Test(arguments: ["\u{FEFF}", "\n", " \t\r\n", "\u{FEFF}\u{FEFF}\n"])
  func aByteOrderMarkOrWhiteSpaceBeforeTheValueIsPassedOver(start: String) throws {
    let document = try parse(start + "d1:ai1ee")
    let count = start.utf8.count
    #expect(document.root["a"]?.integer == 1)
    #expect(document.root.range == count..<count + 8)
    #expect(document.warnings == [.leadingBytes(count: count)])
    #expect(defect(start + "d1:ai1ee", .none) != nil)
  }

  @Test(arguments: ["", " ", "\u{FEFF}", "\u{FE}i1e", "x\u{FEFF}i1e", "<br>d1:ai1ee", "\0i1e"])
  func whatIsNoValueIsStillRefused(text: String) {
    #expect(throws: BencodeError.self) { try parse(text) }
  }

  // MARK: - Equal keys

  @Test(arguments: [
    "d1:ai1e1:ai2ee", "d1:ai1e1:bi3e1:ai2ee", "d1:bi3e1:ai1e1:ai2ee", "d1:ai1e1:ai2e1:ai4e1:bi3ee",
    "d1:bi3e1:ai1e1:bi9e1:ai2ee",
  ])
  func theFirstOfEqualKeysCounts(text: String) throws {
    let document = try parse(text)
    #expect(document.root["a"]?.integer == 1)
    #expect(document.root["c"] == nil)
    if text.contains("b") { #expect(document.root["b"]?.integer == 3) }
    #expect(
      document.warnings.contains { if case .duplicateKey([0x61], _) = $0 { true } else { false } })
    guard case .dictionary(let entries) = BencodeTree(document.root) else {
      return #expect(Bool(false))
    }
    #expect(entries["a"] == 1)
  }

  @Test func manyEqualKeysInAnyOrderAreSearchedRight() throws {
    var random = SeededRandom(seed: 12)
    for _ in 0..<300 {
      let keys = (0..<Int.random(in: 1...20, using: &random)).map { _ in
        Int.random(in: 0...6, using: &random)
      }
      let text = "d" + keys.enumerated().map { "1:\($1)i\($0)e" }.joined() + "e"
      let root = try parse(text).root
      for key in 0...6 {
        #expect(root["\(key)"]?.integer == keys.firstIndex(of: key).map(Int64.init), "\(text)")
      }
    }
  }

  // MARK: - Numbers

  @Test(arguments: [
    ("i99999999999999999999e", Int64?.none, BencodeDefect.overflow),
    ("i-99999999999999999999e", nil, .overflow),
    ("i9223372036854775808e", nil, .overflow), ("ie", nil, .missingDigits),
    ("i-e", nil, .missingDigits), ("i1.5e", nil, .unexpectedByte(0x2E)),
    ("i1.8E+25e", nil, .unexpectedByte(0x2E)), ("i 5e", nil, .missingDigits),
    ("i+5e", nil, .missingDigits), ("i007e", 7, .leadingZero), ("i-007e", -7, .leadingZero),
    ("i-0e", 0, .minusZero), ("i00e", 0, .leadingZero),
  ])
  func misspeltNumbersAreReadOrLeftOut(
    text: String, value: Int64?, expected: BencodeDefect
  ) throws {
    let document = try parse("d1:a\(text)1:bi2ee")
    let number = try #require(document.root["a"])
    #expect(number.integer == value && document.root["b"]?.integer == 2)
    #expect(number.bytes == nil && number.list == nil && number.dictionary == nil)
    guard case .misspeltNumber(expected, _, let path, value != nil)? = document.warnings.first
    else {
      return #expect(Bool(false), "\(document.warnings)")
    }
    #expect(path == BencodePath([.key([0x61])]))
    #expect(Array(number.source) == Array(text.utf8))
    #expect(
      try BencodeParser.parse(
        BencodeTree(document.root).encodedBytes, tolerance: .everywhere
      ).root["b"]?.integer == 2)
    #expect(defect("d1:a\(text)1:bi2ee", .none) == expected)
  }

  @Test(arguments: ["i1", "ix1e", "i1:e", "i\0e", "i" + String(repeating: "1", count: 64) + "e"])
  func numbersWithoutAnEndAreRefused(text: String) {
    #expect(throws: BencodeError.self) { try parse("l" + text + "e") }
  }

  @Test(arguments: ["03:abc", "d1:ae", "di1ei2ee", "d1:ai1e", "5:abc", "l"])
  func whereAValueEndsIsNeverGuessed(text: String) {
    #expect(throws: BencodeError.self) { try parse(text) }
  }

  // MARK: - Hashed values

  @Test(arguments: [
    ("d4:infod1:ai01eee", BencodeDefect.leadingZero),
    ("d4:infod1:ai1e1:ai2eee", .duplicateKey([0x61])),
    ("d4:infod1:bi1e1:ai1e1:bi2eee", .duplicateKey([0x62])), ("d4:infod1:ai-0eee", .minusZero),
    ("d4:infod1:al1:xld1:yi99999999999999999999eeeeee", .overflow),
    ("d4:infode4:infodee", .duplicateKey(Array("info".utf8))),
    ("d4:infode1:ai1e4:infodee", .duplicateKey(Array("info".utf8))),
    ("d4:infoi01ee", .leadingZero),
  ])
  func nothingIsToleratedInTheValueThatIsHashed(text: String, expected: BencodeDefect) {
    #expect(defect(text, .outside(key: "info")) == expected)
    #expect(defect(text, .everywhere) == nil)
  }

  @Test func everythingElseIsToleratedBesideIt() throws {
    let document = try parse(
      "\u{FEFF}d1:ai01e1:ai2e4:infod1:bi1e1:ai1ee1:zd4:infod1:xi01eeee\0", .outside(key: "info"))
    #expect(document.root["a"]?.integer == 1)
    #expect(document.root["z"]?["info"]?["x"]?.integer == 1)
    #expect(Array(document.root["info"]?.source ?? []) == Array("d1:bi1e1:ai1ee".utf8))
    #expect(document.warnings.count == 6, "\(document.warnings)")
  }

  // MARK: - Bounds

  @Test func warningsBelowALongKeyCostNoMoreThanOthers() throws {
    let key = String(repeating: "k", count: 1_000_000)
    let text = "d1000000:\(key)l" + String(repeating: "i01e", count: 100_000) + "ee"
    let time = try ProcessorTime.measure { _ = try parse(text) }
    #expect(time < .seconds(10))
    #expect(try parse(text).warnings.count == BencodeLimits.default.warnings)
  }

  @Test func mutatedInputNeverTraps() {
    var random = SeededRandom(seed: 22)
    let alphabet = Array("0123456789:-eildd1:a".utf8)
    for _ in 0..<8000 {
      let bytes = (0..<Int.random(in: 0..<40, using: &random)).map { _ in
        alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
      }
      // Most of it is refused; the rest must be readable as a whole.
      guard let document = try? BencodeParser.parse(bytes, tolerance: .everywhere) else { continue }
      let again = BencodeTree(document.root).encodedBytes
      #expect((try? BencodeParser.parse(again, tolerance: .everywhere)) != nil)
    }
  }

  @Test func aPrefixToleratesOddFormsToo() throws {
    let bytes = Array("d4:reqqi99999999999999999999e1:pi01eeREST".utf8)
    let document = try BencodeParser.parsePrefix(bytes, tolerance: .everywhere)
    #expect(document.root["p"]?.integer == 1)
    #expect(document.root.range == 0..<bytes.count - 4)
    #expect(throws: BencodeError.self) { try BencodeParser.parsePrefix(bytes) }
  }
}
