import CLI
import Testing

@Suite struct DurationTextTests {
  @Test(arguments: [
    ("0", Duration.zero), ("90", .seconds(90)), ("30s", .seconds(30)), ("5m", .seconds(300)),
    ("1h30m", .seconds(5400)), ("2d", .seconds(172_800)), ("500ms", .milliseconds(500)),
    ("1s5ms", .milliseconds(1005)), ("0s", .zero),
  ])
  func durationsAreRead(text: String, duration: Duration) {
    #expect(DurationText.parse(text) == duration)
  }

  @Test(arguments: [
    "", "s", "-5s", "+5", "5x", "5 s", "m5", "30m1h", "5m5m", "1.5h", "99999999999999999999s",
    "9999999999999999", "40000d", "٣s",
  ])
  func whatIsNoDurationIsRefused(text: String) {
    #expect(DurationText.parse(text) == nil)
  }
}

@Suite struct FileNumbersTests {
  @Test func numbersAndRangesAreRead() throws {
    let numbers = try #require(FileNumbers("1,3-5,9"))
    #expect((0...10).filter(numbers.contains) == [1, 3, 4, 5, 9])
  }

  @Test(arguments: [
    "", ",", "1,", "0", "5-3", "1-2-3", "-3", "3-", "a", " 1", "99999999999", "+1", "1;2",
  ])
  func whatIsNoListIsRefused(text: String) {
    #expect(FileNumbers(text) == nil)
  }

  @Test func aListHasABound() {
    let many = String(repeating: "1,", count: FileNumbers.maximumCount) + "1"
    #expect(FileNumbers(many) == nil)
    #expect(FileNumbers(String(many.dropFirst(2))) != nil)
  }
}

@Suite struct InputListTests {
  private func parse(_ text: String) throws(UsageError) -> [InputList.Entry] {
    try InputList.parse(Array(text.utf8))
  }

  @Test func linesNameSourcesAndFolders() throws {
    let entries = try parse(
      "# a comment\n\na.torrent\n  b.torrent\t out dir \r\nhttp://h/c.torrent\tx\ty\nlast")
    #expect(
      entries.map(\.source.description) == ["a.torrent", "b.torrent", "http://h/c.torrent", "last"])
    #expect(entries.map(\.folder) == [nil, "out dir", "x\ty", nil])
    #expect(entries[2].source == .url("http://h/c.torrent"))
  }

  @Test func aByteOrderMarkSaysNothing() throws {
    #expect(try parse("\u{FEFF}a.torrent\nb").map(\.source) == [.file("a.torrent"), .file("b")])
    #expect(
      try parse("\u{FEFF}# a comment\n\u{FEFF}http://h/c\tx").map(\.source) == [.url("http://h/c")])
    #expect(try parse("\u{FEFF}").isEmpty)
    let hash = String(repeating: "ab", count: 20)
    #expect(try parse("\u{FEFF}\u{FEFF}\(hash)\r\n").map(\.source) == [.magnet(hash)])
    #expect(throws: UsageError.badInputLine(1, "standard input (-) cannot be used in a list")) {
      try parse("\u{FEFF}-")
    }
  }

  @Test func otherEncodingsAreNamed() {
    let utf16: [UInt8] = [0x61, 0, 0x2E, 0]
    let swapped: [UInt8] = [0, 0x61, 0, 0x2E]
    for bytes in [
      [0xFF, 0xFE] + utf16, [0xFE, 0xFF] + swapped, utf16, swapped, [0xFF, 0xFE, 0, 0],
    ] {
      #expect(
        throws: UsageError.badInputLine(1, "the file is UTF-16 text; save it as UTF-8")
      ) { try InputList.parse(bytes) }
    }
  }

  @Test func anEmptyListNamesNothing() throws {
    #expect(try parse("").isEmpty)
    #expect(try parse("#\n\t\n \n").isEmpty)
  }

  @Test func linesThatCannotBeUsedAreRefusedByNumber() {
    #expect(throws: UsageError.badInputLine(2, "standard input (-) cannot be used in a list")) {
      try parse("a\n-\n")
    }
    #expect(throws: UsageError.badInputLine(1, "it is not UTF-8 text")) {
      try InputList.parse([0xFF, 0x0A])
    }
    #expect(throws: UsageError.badInputLine(1, "it is not UTF-8 text")) { try parse("ab\0c") }
  }
}
