import Bencode
import TestSupport
import Testing

@Suite struct BencodeParserTests {
  private func parse(
    _ text: String, limits: BencodeLimits = .default
  ) throws(BencodeError) -> BencodeDocument {
    try BencodeParser.parse(Array(text.utf8), limits: limits)
  }

  private func error(_ text: String, limits: BencodeLimits = .default) -> BencodeError? {
    do {
      _ = try parse(text, limits: limits)
      return nil
    } catch {
      return error
    }
  }

  // MARK: - Accepted input

  @Test func integersOfAllSizesAreRead() throws {
    for number in [0, 1, -1, 42, -42, Int64.max, Int64.min] {
      #expect(try parse("i\(number)e").root.integer == number)
    }
  }

  @Test func stringsAreBytesOfTheInput() throws {
    let input = Array("l4:spam0:3:".utf8) + [0xFF, 0x00, 0x65] + Array("e".utf8)
    let list = try #require(try BencodeParser.parse(input).root.list)
    let strings = list.compactMap(\.bytes)
    #expect(strings.map(Array.init) == [Array("spam".utf8), [], [0xFF, 0x00, 0x65]])
    #expect(strings[0].startIndex == 3)
    #expect(list.map(\.text) == ["spam", "", nil])
  }

  @Test func valuesKnowTheirExactSource() throws {
    let document = try parse("d4:infod1:ai1e1:bl2:xyee3:zzzi-7ee")
    let info = try #require(document.root["info"])
    #expect(info.range == 7..<24)
    #expect(Array(info.source) == Array("d1:ai1e1:bl2:xyee".utf8))
    #expect(document.root["zzz"]?.range == 29..<33)
    #expect(document.root.range == 0..<34)
  }

  @Test func keysAreFoundWhateverTheirNumber() throws {
    for count in [0, 1, 2, 7, 100] {
      let names = (0..<count).map { String(1000 + $0) }
      let document = try parse("d" + names.map { "4:\($0)i\($0)e" }.joined() + "e")
      for name in names { #expect(document.root[name]?.integer == Int64(name)) }
      #expect(document.root["0"] == nil)
      #expect(document.root["9"] == nil)
      #expect(document.root["10005"] == nil)
      #expect(document.root.dictionary?.count == count)
    }
  }

  @Test func anEmptyKeyIsLegal() throws {
    #expect(try parse("d0:i5ee").root[""]?.integer == 5)
  }

  @Test func entriesComeInTheOrderOfTheSource() throws {
    let dictionary = try #require(try parse("d1:bi1e1:ai2e1:ci3ee").root.dictionary)
    #expect(dictionary.map { Array($0.key) } == [[0x62], [0x61], [0x63]])
    #expect(dictionary.map(\.value.integer) == [1, 2, 3])
  }

  @Test func contentNamesTheType() throws {
    let list = try #require(try parse("li1e1:aledee").root.list)
    let names = list.map { value in
      switch value.content {
      case .integer: "integer"
      case .string: "string"
      case .list: "list"
      case .dictionary: "dictionary"
      case .unreadable: "unreadable"
      }
    }
    #expect(names == ["integer", "string", "list", "dictionary"])
  }

  // MARK: - Tolerated input

  @Test func unsortedKeysAreReportedWithTheirPathAtAnyDepth() throws {
    let document = try parse("d1:ald1:zi1e1:yi2eeee")
    #expect(
      document.warnings == [
        .unsortedKeys(offset: 5, path: BencodePath([.key([0x61]), .index(0)]))
      ])
    let inner = try #require(document.root["a"]?.list?.first { _ in true })
    #expect(inner["z"]?.integer == 1)
    #expect(inner["y"]?.integer == 2)
  }

  @Test(arguments: [" ", "\n", "\r\n", "\t \n"])
  func whiteSpaceAfterTheEndIsReported(space: String) throws {
    #expect(try parse("i1e" + space).warnings == [.trailingWhiteSpace(offset: 3)])
  }

  @Test func warningsAreBounded() throws {
    let text = "l" + String(repeating: "d1:bi1e1:ai2ee", count: 100) + "e"
    #expect(try parse(text, limits: BencodeLimits(warnings: 7)).warnings.count == 7)
  }

  @Test func warningsBelowALongKeyCostNoMoreThanOthers() throws {
    let key = String(repeating: "k", count: 1_000_000)
    let text =
      "d1000000:\(key)l" + String(repeating: "d1:bi1e1:ai2ee", count: 100_000) + "ee"
    let time = try ProcessorTime.measure { _ = try parse(text) }
    #expect(time < .seconds(10))
  }

  // MARK: - Refused input

  @Test(arguments: [
    ("", BencodeDefect.truncated, 0), ("i", .truncated, 1), ("i-", .truncated, 2),
    ("i12", .truncated, 3), ("l", .truncated, 1), ("d", .truncated, 1), ("5", .truncated, 1),
    ("5:spam", .stringPastEnd(length: 5), 0), ("ie", .missingDigits, 1),
    ("i-e", .missingDigits, 2), ("i03e", .leadingZero, 1), ("i00e", .leadingZero, 1),
    ("i-03e", .leadingZero, 2), ("i-0e", .minusZero, 0), ("03:abc", .leadingZero, 0),
    ("i9223372036854775808e", .overflow, 0), ("i-9223372036854775809e", .overflow, 0),
    ("i18446744073709551616e", .overflow, 1), ("99999999999999999999:a", .overflow, 0),
    ("9223372036854775808:a", .stringPastEnd(length: .max), 0), ("i1.5e", .unexpectedByte(0x2E), 2),
    ("i+1e", .missingDigits, 1), ("i 1e", .missingDigits, 1), ("-1:a", .unexpectedByte(0x2D), 0),
    ("4spam", .unexpectedByte(0x73), 1), ("x", .unexpectedByte(0x78), 0),
    ("e", .unexpectedByte(0x65), 0), (" i1e", .unexpectedByte(0x20), 0),
    ("i1e x", .trailingBytes, 3), ("i1ei2e", .trailingBytes, 3), ("di1ei2ee", .keyNotString, 1),
    ("d1:ae", .missingValue, 4), ("d1:ai1e1:ai2ee", .duplicateKey([0x61]), 7),
    ("d1:ai1e1:bi1e1:ai2ee", .duplicateKey([0x61]), 13),
    ("d1:bi1e1:ai1e1:bi2ee", .duplicateKey([0x62]), 13),
  ])
  func malformedInputIsRefused(text: String, defect: BencodeDefect, offset: Int) {
    guard case .malformed(let found, let place, _) = error(text) else {
      Issue.record("\(text) was accepted")
      return
    }
    #expect(found == defect)
    #expect(place == offset)
  }

  @Test func errorsNameTheirPath() throws {
    let path = BencodePath([.key(Array("info".utf8)), .key(Array("files".utf8)), .index(1)])
    let error = error("d4:infod5:filesl1:ai01eeee")
    #expect(error == .malformed(.leadingZero, offset: 20, path: path))
    #expect(error?.description == "a number with a leading zero at byte 20 in info.files[1]")
    #expect(BencodePath([.key([0xFF, 0x41])]).description == "%FFA")
  }

  @Test func nestingIsLimitedToOneHundred() {
    func nested(_ depth: Int) -> String {
      String(repeating: "l", count: depth) + String(repeating: "e", count: depth)
    }
    #expect(error(nested(100)) == nil)
    guard case .malformed(.tooDeep(limit: 100), offset: 100, _) = error(nested(101)) else {
      Issue.record("101 levels were accepted")
      return
    }
    let million = String(repeating: "d1:a", count: 1_000_000)
    guard case .malformed(.tooDeep, _, _) = error(million) else {
      Issue.record("a million levels were accepted")
      return
    }
  }

  @Test func theNumberOfValuesIsLimited() {
    let text = "l" + String(repeating: "i1e", count: 99) + "e"
    #expect(error(text, limits: BencodeLimits(tokens: 100)) == nil)
    #expect(
      error(text, limits: BencodeLimits(tokens: 99))
        == .malformed(
          .tooManyTokens(limit: 99), offset: 295, path: BencodePath([.index(98)])))
  }

  // MARK: - Prefixes

  @Test func aPrefixTellsWhereItEnded() throws {
    let document = try BencodeParser.parsePrefix(Array("d8:msg_typei1eeDATA".utf8))
    #expect(document.root.range == 0..<15)
    #expect(document.root["msg_type"]?.integer == 1)
  }

  @Test func everyTruncationIsRefused() throws {
    let bytes = Array("d4:infod5:filesld6:lengthi7e4:pathl1:a2:bbeee4:name1:xe1:zle2:zzdee".utf8)
    _ = try BencodeParser.parse(bytes)
    for length in bytes.indices {
      #expect(throws: BencodeError.self) { try BencodeParser.parse(Array(bytes[..<length])) }
    }
  }
}
