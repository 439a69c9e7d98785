import CLI
import Metainfo
import Testing

@Suite struct TorrentReportTests {
  private func report(_ build: (inout TorrentBuilder) -> Void) throws -> String {
    var builder = TorrentBuilder(name: "folder", pieceLength: 16384)
    build(&builder)
    let bytes = builder.torrent(content: [UInt8](repeating: 7, count: 20000))
    return TorrentReport(try TorrentMetainfo(bytes: bytes)).text
  }

  @Test func everyFieldIsShown() throws {
    let text = try report { builder in
      builder.addFile(path: ["a"], length: 16384)
      builder.addFile(path: ["sub", "b"], length: 3616, attributes: "x")
      builder.trackers = [["http://one/announce"], ["http://two/announce"]]
      builder.webSeeds = ["http://seed/"]
      builder.isPrivate = true
      builder.comment = "first line\nsecond line"
      builder.createdBy = "tests"
      builder.creationDate = 951_827_696
    }
    for part in [
      "name:       folder\n", "size:       19.5 KiB (20000 bytes)\n",
      "pieces:     2 of 16 KiB (16384 bytes)\n", "private:    yes",
      "tracker:    http://one/announce  (tier 1)\n", "tracker:    http://two/announce  (tier 2)\n",
      "web seed:   http://seed/\n", "comment:    first line\n            second line\n",
      "created:    2000-02-29 12:34:56 UTC\n", "created by: tests\n", "files:      2\n",
      "    16 KiB  folder/a\n", "  3.53 KiB  folder/sub/b  (executable)\n",
    ] {
      #expect(text.contains(part), "\(part) is missing in\n\(text)")
    }
  }

  @Test func nothingInATorrentCanSteerTheTerminal() throws {
    let text = try report { builder in
      builder.addFile(path: ["\u{1B}[31mred\u{202E}"], length: 20000)
      builder.comment = "\u{1B}]0;title\u{7}"
      builder.createdBy = "a\rb"
      builder.trackers = [["http://x/\u{1B}[2J"]]
    }
    #expect(!text.unicodeScalars.contains { $0 != "\n" && ($0.value < 0x20 || $0.value == 0x202E) })
  }

  @Test func warningsAreShown() throws {
    let text = try report { $0.addFile(path: ["..", "etc"], length: 20000) }
    #expect(text.contains("warning:    "))
  }

  @Test func aDateBeyondTheCalendarStaysANumber() throws {
    let text = try report { $0.creationDate = .max }
    #expect(text.contains("created:    \(Int64.max) s after 1970\n"))
  }
}
