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

@Suite struct GlobTests {
  @Test(arguments: [
    ("*.txt", "a.txt", true), ("*.txt", "deep/er/a.txt", true), ("*.txt", "a.txt.gz", false),
    ("a?c", "abc", true), ("a?c", "ac", false), ("[a-c]x", "bx", true), ("[!a-c]x", "bx", false),
    ("[]x]", "]", true), ("[^a]", "b", true), ("\\*", "*", true), ("\\*", "a", false),
    ("sub", "sub/file", true), ("sub", "other/sub/file", true), ("sub/*", "sub/file", true),
    ("sub/*", "other/sub/file", false), ("sub/*", "sub/a/b", true), ("/sub", "other/sub", false),
    ("./sub", "sub", true), ("sub/", "sub/x", true), ("**/x", "a/b/x", true), ("**/x", "x", true),
    ("a/**/x", "a/x", true), ("a/**/x", "a/b/c/x", true), ("a/**", "a/b/c", true),
    ("a**c", "a/b/c", true), ("日?語", "日本語", true), ("*", "anything/at/all", true),
    ("a*b*c", "aXbYc", true), ("a*b*c", "aXcYb", false),
  ])
  func patternsMatch(pattern: String, path: String, isMatch: Bool) throws {
    let glob = try #require(Glob(pattern))
    #expect(glob.matches(path.split(separator: "/").map(String.init)) == isMatch)
  }

  @Test(arguments: ["", "[", "[a", "a\\", "[z-a]", "/", "[!"])
  func whatIsNoPatternIsRefused(pattern: String) {
    #expect(Glob(pattern) == nil)
  }

  /// Backtracking matchers take ages for this one.
  @Test func manyStarsCostNoMoreThanTheProductOfTheLengths() throws {
    let glob = try #require(Glob(String(repeating: "*a", count: 200) + "b"))
    #expect(!glob.matches([String(repeating: "a", count: 1000)]))
    #expect(Glob(String(repeating: "a", count: Glob.maximumLength + 1)) == nil)
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
    #expect(throws: UsageError.badInputLine(1, "it is not UTF-8 text")) { try parse("a\0b") }
  }
}
