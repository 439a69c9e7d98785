import Primitives
import Testing

@testable import CLI

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

  // MARK: - Bytes

  /// The components of a path, given as text with `%` escapes.
  private func path(_ text: String) -> [[UInt8]] {
    text.split(separator: "/").map { PercentEncoding.decode($0) ?? [] }
  }

  @Test(arguments: [
    ("caf?", "caf%E9", true), ("caf?", "caf%C3%A9", true), ("caf??", "caf%C3%A9", false),
    ("??", "%C3", false), ("??", "%C3%28", true), ("[!a]", "%FF", true), ("[a-z]", "%E9", false),
    ("[\u{E0}-\u{EF}]", "%C3%A9", true), ("[\u{E0}-\u{EF}]", "%E9", false), ("*", "%FF%FE", true),
    ("a*b", "a%80%80b", true), ("\u{E9}", "e%CC%81", false), ("????", "%F0%9F%98%80", false),
    ("?", "%F0%9F%98%80", true), ("?", "%ED%A0%80", false), ("???", "%ED%A0%80", true),
    ("?", "%C0%AF", false), ("?", "%F4%90%80%80", false), ("a*", "a%0Ab", true),
    ("a?b", "a%2Fb", true), ("a*b", "a%2Fb", true), ("a/b", "a%2Fb", false),
    ("a\\/b", "a%2Fb", true), ("[/]", "%2F", true), ("a**b", "a%2Fx/b", true),
  ])
  func namesAreBytes(pattern: String, text: String, isMatch: Bool) throws {
    let glob = try #require(Glob(pattern))
    #expect(glob.matches(path(text)) == isMatch)
  }

  @Test func aPatternNeedNotBeText() throws {
    let glob = try #require(Glob(bytes: [0x63, 0xE9, 0x2A]))
    #expect(glob.matches([[0x63, 0xE9, 0x21]]))
    #expect(!glob.matches(["c\u{E9}!"]))
    let range = try #require(Glob(bytes: [0x5B, 0x80, 0x2D, 0xFF, 0x5D]))
    #expect(range.matches([[0x90]]) && !range.matches(["\u{90}"]))
  }

  /// A matcher in the simplest words, which takes its time.
  private func naive(
    _ pattern: ArraySlice<Character>, after previous: Character? = nil,
    _ text: ArraySlice<Character>
  ) -> Bool {
    guard let first = pattern.first else { return text.isEmpty }
    let rest = pattern.dropFirst()
    switch first {
    case "*" where rest.first == "*":
      let behind = rest.dropFirst()
      let isWhole = previous == nil || previous == "/"
      if isWhole, behind.first == "/", naive(behind.dropFirst(), after: "/", text) { return true }
      return (0...text.count).contains { naive(behind, after: "*", text.dropFirst($0)) }
    case "*":
      let limit = text.firstIndex(of: "/") ?? text.endIndex
      return (text.startIndex...limit).contains { naive(rest, after: "*", text[$0...]) }
    case "?":
      return text.first != nil && text.first != "/"
        && naive(rest, after: "?", text.dropFirst())
    default: return text.first == first && naive(rest, after: first, text.dropFirst())
    }
  }

  @Test func itAgreesWithASimpleMatcher() throws {
    var random = SeededRandom(seed: 77)
    func word(_ alphabet: String, _ lengths: ClosedRange<Int>) -> String {
      let letters = Array(alphabet)
      let count = Int.random(in: lengths, using: &random)
      return String(
        (0..<count).map { _ in letters[Int.random(in: letters.indices, using: &random)] })
    }
    var matches = 0
    for _ in 0..<20_000 {
      let pattern = word("ab*?*/", 1...7)
      guard !pattern.hasPrefix("/"), !pattern.hasSuffix("/"), let glob = Glob(pattern) else {
        continue
      }
      let path = (0..<Int.random(in: 1...4, using: &random)).map { _ in word("ab", 1...3) }
      let hasSlash = pattern.contains("/") || pattern.contains("**")
      let texts =
        hasSlash ? path.indices.map { path[...$0].joined(separator: "/") } : path
      let expected = texts.contains { naive(Array(pattern)[...], Array($0)[...]) }
      #expect(glob.matches(path) == expected, "\(pattern) \(path)")
      if expected { matches += 1 }
    }
    #expect(matches > 1000)
  }

  // MARK: - Cost

  /// The steps that it takes to find out that a path does not match.
  private func steps(_ pattern: String, _ path: [String]) throws -> Int {
    var matcher = GlobMatcher(try #require(Glob(pattern)).tokens)
    let isMatch = matcher.matchesPath(path.map(\.utf8))
    #expect(!isMatch)
    for name in path {
      let isMatch = matcher.matchesName(name.utf8)
      #expect(!isMatch)
    }
    return matcher.steps
  }

  @Test(arguments: [
    "x*/y", "*/y", "**/y", "**/x*/**/y", "a**y", "*a*a*a*y", "**a**a**y", "[!y]*[!y]*y", "?*?*y",
    "a*", "y", "**", "*/*/*/*/*/y",
  ])
  func theWorkGrowsWithThePathAndNotFaster(pattern: String) throws {
    // A pattern that matches everything is cut off from what it would match.
    let pattern = pattern.hasSuffix("y") ? pattern : pattern + "/\u{1}"
    for shape in [1, 16] {
      let paths = [256, 512, 1024, 2048].map { count in
        Array(repeating: String(repeating: "xa", count: 8 * shape), count: count / shape)
      }
      let work = try paths.map { try steps(pattern, $0) }
      for (shorter, longer) in zip(work, work.dropFirst()) {
        // Twice as much, but for the ends: a matcher that begins anew at each place takes four times.
        #expect(longer <= 2 * shorter + shorter / 4, "\(work)")
      }
    }
  }

  @Test func noPatternCostsMoreThanTheProductOfTheLengths() throws {
    for pattern in [
      String(repeating: "*a", count: 200) + "b", String(repeating: "**/", count: 200) + "b",
      String(repeating: "[!b]*", count: 200) + "b", String(repeating: "*", count: 4000) + "b",
    ] {
      let path = Array(repeating: String(repeating: "a", count: 100), count: 10)
      let work = try steps(pattern, path)
      // The path is compared twice: as a whole, and name by name.
      #expect(work <= 2 * 5 * (pattern.utf8.count + 1) * 1010, "\(work)")
    }
  }

  @Test func theLengthOfAPatternIsBounded() throws {
    let longest = String(repeating: "a", count: Glob.maximumLength)
    #expect(Glob(longest) != nil)
    #expect(Glob(longest + "a") == nil)
    let error = #expect(throws: UsageError.self) {
      try CommandLineArguments.parse(["x.torrent", "--select", longest + "a"])
    }
    #expect(error?.description.hasSuffix("expected a pattern of at most 4096 bytes") == true)
  }
}

extension Glob {
  fileprivate func matches(_ path: [String]) -> Bool {
    matches(path.lazy.map(\.utf8))
  }
}
