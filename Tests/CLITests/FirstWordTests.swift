import TestSupport
import Testing

@testable import CLI

/// A mistyped command does not begin a download.
@Suite struct FirstWordTests {
  private func check(_ line: String) throws(UsageError) {
    let words = line.split(separator: " ").map(String.init)
    try FirstWord.check(try CommandLineArguments.parse(words))
  }

  @Test(arguments: [
    ("verfy", "verify"), ("inf", "info"), ("inof", nil), ("creat", "create"), ("sedd", "seed"),
    ("seeds", "seed"), ("Verify", "verify"), ("scape", "scrape"), ("vlc", nil), ("nothing", nil),
  ])
  func aWordThatNamesNothingIsNoCommand(word: String, nearest: String?) {
    for line in [word, "\(word) a.torrent", "-o out \(word) a.torrent"] {
      #expect(throws: UsageError.unknownCommand(word, nearest: nearest)) { try check(line) }
    }
  }

  @Test(arguments: [
    "missing.torrent -o d", "a/verfy", "./verfy", "-- verfy", "verify verfy", "a.torrent verfy",
    "http://host/verfy", "magnet:?xt=urn:btih:\(String(repeating: "a", count: 40))",
    String(repeating: "a", count: 40), String(repeating: "a", count: 32), "-",
    "-i verfy", "help", "--version",
  ])
  func whatCanOnlyBeASourceIsOne(line: String) throws {
    try check(line)
  }

  @Test func aFileOfThatNameIsASource() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("", to: "verfy")
    var invocation = Invocation()
    invocation.undecidedWord = path
    try FirstWord.check(invocation)
    #expect(FirstWord.looksLikeCommand("verfy"))
    #expect(!FirstWord.looksLikeCommand(path))
  }
}
