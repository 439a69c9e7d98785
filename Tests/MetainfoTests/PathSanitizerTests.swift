import Bencode
import Metainfo
import TestSupport
import Testing

@Suite struct PathSanitizerTests {
  @Test(arguments: [
    ("plain.txt", "plain.txt"), ("", "_"), (".", "_"), ("..", "_"), ("...", "..."),
    (".hidden", ".hidden"), ("a/b", "a_b"), ("a\\b", "a_b"), ("/", "_"), ("./.", "._."),
    ("a\u{0}b", "a_b"), ("a\u{200E}\u{202E}\u{2066}b", "a___b"), ("a\u{85}b\u{2028}c", "a_b_c"),
    ("name. ", "name. "), ("COM1", "COM1"), ("日本語.txt", "日本語.txt"), ("👩‍👩‍👧", "👩‍👩‍👧"),
    ("e\u{301}", "e\u{301}"), ("\u{FEFF}a", "\u{FEFF}a"),
  ])
  func namesAreMadeSafeAndOtherwiseKept(name: String, safe: String) {
    let result = PathSanitizer.sanitizeName(name.utf8)
    #expect(Array(result.utf8) == Array(safe.utf8))
  }

  @Test func invalidTextIsReplacedSequenceBySequence() {
    let cases: [([UInt8], String)] = [
      ([0xFF], "_"), ([0x61, 0xE2, 0x82], "a_"), ([0xF0, 0x9F, 0x98, 0x61], "_a"),
      ([0xED, 0xA0, 0x80], "___"), ([0xC3, 0xA9], "é"),
    ]
    for (bytes, safe) in cases { #expect(PathSanitizer.sanitizeName(bytes) == safe) }
  }

  @Test func longNamesAreCutAtACharacterAndKeepTheirExtension() {
    for (character, extra) in [("a", ""), ("é", "a"), ("語", ""), ("😀", "ab")] {
      let name = extra + String(repeating: character, count: 300) + ".tar"
      let safe = PathSanitizer.sanitizeName(name.utf8)
      #expect(safe.utf8.count <= 255)
      #expect(safe.utf8.count > 255 - character.utf8.count)
      #expect(safe.hasSuffix(character + ".tar"))
    }
  }

  @Test func aNameOfExactlyTheLimitIsKept() {
    let name = String(repeating: "a", count: 255)
    #expect(PathSanitizer.sanitizeName(name.utf8) == name)
    #expect(PathSanitizer.sanitizeName((name + "a").utf8) == name)
  }

  @Test func componentsThatSayNothingAreLeftOut() {
    func path(_ names: [String]) -> [String] {
      PathSanitizer.sanitizePath(names.map { Array($0.utf8) })
    }
    #expect(path(["a", "..", "", ".", "b"]) == ["a", "b"])
    #expect(path(["..", ""]) == ["_"])
    #expect(path([]) == ["_"])
  }

  // MARK: - Names that are taken

  private func paths(_ paths: [[BencodeTree]]) throws -> [String] {
    try TorrentMetainfo(bytes: TorrentFixture.files(paths)).layout.files.map(\.displayPath)
  }

  @Test func fiveHundredDuplicatesLoadAndGetNumbers() throws {
    let paths = try paths(Array(repeating: ["a.txt"], count: 501))
    #expect(paths.first == "x/a.txt")
    #expect(paths[1] == "x/a.1.txt")
    #expect(paths.last == "x/a.500.txt")
  }

  @Test func namesChosenToCollideCostNoMoreThanOthers() {
    // Every stem is cut to the same bytes to make room for a number, so all want the same names.
    let stem = String(repeating: "a", count: 245)
    var files: [[BencodeTree]] = []
    for number in 0..<10_000 {
      let name = stem + String(100_000 + number) + String(repeating: "b", count: 4)
      files.append([.bytes(name.utf8)])
      files.append([.bytes(name.utf8)])
    }
    let time = ProcessorTime.measure {
      #expect(throws: MetainfoError.self) { try paths(files) }
    }
    #expect(time < .seconds(10))
  }

  @Test func pathsNeverMeetOnAFileSystemThatIgnoresCase() throws {
    let names = ["a", "A", "a.1", "A.1", "a.1.1", "b", "B"]
    var files: [[BencodeTree]] = []
    for first in names {
      files.append([.bytes(first.utf8)])
      for second in names { files.append([.bytes(first.utf8), .bytes(second.utf8)]) }
    }
    let safe = try paths(files).map { $0.lowercased() }
    #expect(Set(safe).count == files.count)
    for path in safe {
      #expect(!safe.contains { $0.hasPrefix(path + "/") }, "\(path) is a file and a folder")
    }
  }
}
