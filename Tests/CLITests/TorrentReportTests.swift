import Bencode
import CLI
import Metainfo
import Testing

extension OtherField {
  fileprivate init(_ name: String, _ value: String) {
    self.init(name: name, value: value)
  }
}

extension TorrentReport {
  fileprivate var text: String {
    var bytes: [UInt8] = []
    write { bytes += $0 }
    return String(decoding: bytes, as: UTF8.self)
  }
}

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

  /// "Everything in the torrent" includes fields that only other programs understand.
  @Test func fieldsThatMeanNothingToUsAreShownAsWell() throws {
    var builder = TorrentBuilder(name: "x", pieceLength: 16384)
    builder.infoFields["x_cross_seed"] = .bytes("a \u{1B}[31m".utf8)
    builder.infoFields["collections"] = .list([.bytes("one".utf8), .integer(2)])
    let bytes = builder.torrent(content: [UInt8](repeating: 7, count: 10))
    let outer: [UInt8] = Array("d9:httpseedsl8:http://he".utf8) + bytes.dropFirst().dropLast()
    let torrent = try TorrentMetainfo(
      bytes: outer + Array("9:publisher2:me3:zzzd1:ai1e1:b2:\u{1}\u{2}ee".utf8))
    #expect(
      torrent.otherFields == [
        OtherField("httpseeds", "[http://h]"), OtherField("publisher", "me"),
        OtherField("zzz", "{a: 1, b: 2 bytes}"), OtherField("info.collections", "[one, 2]"),
        OtherField("info.x_cross_seed", "7 bytes"),
      ])
    let text = TorrentReport(torrent).text
    #expect(text.contains("publisher:  me\n") && text.contains("info.collections: [one, 2]\n"))
    var json: [UInt8] = []
    TorrentJSON.writeInfo(of: torrent) { json += $0 }
    #expect(String(decoding: json, as: UTF8.self).contains(#"{"name":"publisher","value":"me"}"#))
    #expect(try report { $0.addFile(path: ["a"], length: 20000) }.contains("info.") == false)
  }

  @Test func aLongFieldIsShortened() throws {
    var builder = TorrentBuilder(name: "x", pieceLength: 16384)
    builder.infoFields["long"] = .bytes([UInt8](repeating: 0x61, count: 5000))
    builder.infoFields["many"] = .list((0..<500).map { .integer($0) })
    let torrent = try TorrentMetainfo(
      bytes: builder.torrent(content: [UInt8](repeating: 7, count: 10)))
    #expect(torrent.otherFields.map(\.value.count) == [200, 33])
    #expect(torrent.otherFields[1].value == "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …]")
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
