import Bencode
import HTTP
import Metainfo
import Primitives
import Testing

@testable import Download

@Suite struct WebSeedMapTests {
  private func torrent(
    _ files: [(path: [String], length: Int64, attributes: String)], size: Int = 100,
    name: String = "the name"
  ) throws -> TorrentMetainfo {
    var builder = TorrentBuilder(name: name, pieceLength: 16)
    for file in files {
      builder.addFile(path: file.path, length: file.length, attributes: file.attributes)
    }
    return try TorrentMetainfo(bytes: builder.torrent(content: Array(repeating: 1, count: size)))
  }

  @Test(arguments: [
    ("http://h/a.iso", "http://h/a.iso"), ("http://h/d/", "http://h/d/the%20name"),
    ("http://h/d/?k=v", "http://h/d/the%20name?k=v"), ("http://h/x?k=v#f", "http://h/x?k=v"),
    ("http://h", "http://h"),
  ])
  func oneFileLiesAtTheURLOrBelowIt(url: String, expected: String) throws {
    let map = WebSeedMap(url: url, torrent: try torrent([]))
    let part = try #require(map.part(at: 5, end: 100))
    #expect(part.url == expected && part.range == 5..<100 && part.fileLength == 100)
  }

  @Test(arguments: ["http://h/d", "http://h/d/"])
  func severalFilesLieInAFolder(url: String) throws {
    let torrent = try torrent([
      (["a b", "c#?%.txt"], 30, ""), (["empty"], 0, ""), ([".pad", "2"], 2, "p"),
      (["\u{fc}"], 68, ""),
    ])
    let map = WebSeedMap(url: url, torrent: torrent)
    let first = try #require(map.part(at: 0, end: 100))
    #expect(first.url == "http://h/d/the%20name/a%20b/c%23%3F%25.txt" && first.range == 0..<30)
    let padding = try #require(map.part(at: 30, end: 100))
    #expect(padding.url == nil && padding.length == 2)
    let last = try #require(map.part(at: 40, end: 50))
    #expect(last.url == "http://h/d/the%20name/%C3%BC" && last.range == 8..<18)
    #expect(last.fileLength == 68 && last.file == 3)
  }

  @Test func theServerIsAskedForTheTorrentsOwnBytes() throws {
    var builder = TorrentBuilder(name: "n", pieceLength: 16)
    let names: [(bytes: [UInt8], url: String)] = [
      ([0x63, 0xE9], "c%E9"), (Array("README".utf8), "README"), (Array("readme".utf8), "readme"),
      (Array("a\\b".utf8), "a%5Cb"), (Array("a\nb".utf8), "a%0Ab"),
      (Array("e\u{301}".utf8), "e%CC%81"), (Array(" a%#? ".utf8), "%20a%25%23%3F%20"),
    ]
    for name in names { builder.addFile(rawPath: [BencodeBytes(name.bytes)], length: 10) }
    let torrent = try TorrentMetainfo(
      bytes: builder.torrent(content: Array(repeating: 1, count: 10 * names.count)))
    let map = WebSeedMap(url: "http://h/d/", torrent: torrent)
    for (index, name) in names.enumerated() {
      #expect(map.url(ofFile: index) == "http://h/d/n/" + name.url)
    }
  }

  @Test func nothingLiesOutsideTheTorrent() throws {
    let map = WebSeedMap(url: "http://h/", torrent: try torrent([]))
    #expect(map.part(at: 100, end: 200) == nil && map.part(at: 5, end: 5) == nil)
    #expect(map.part(at: 90, end: 200)?.range == 90..<100)
  }
}

@Suite struct WebSeedRetryTests {
  @Test func pausesGrowUntilSomethingComes() {
    var retry = WebSeedRetry()
    let pauses = (0..<7).map { _ in retry.failed(.timedOut) }
    #expect(
      pauses == [30, 60, 120, 240, 480, 600, 600].map { .pause(.seconds($0)) })
    retry.delivered()
    #expect(retry.failed(.failed("x")) == .pause(.seconds(30)))
  }

  @Test func theServersWishCountsWithinReason() {
    var retry = WebSeedRetry()
    #expect(retry.failed(.status(503, retryAfter: .seconds(7))) == .pause(.seconds(7)))
    #expect(retry.failed(.status(429, retryAfter: .zero)) == .pause(.seconds(1)))
    #expect(retry.failed(.status(503, retryAfter: .seconds(99_999))) == .pause(.seconds(3600)))
    #expect(retry.failed(.status(503, retryAfter: nil)) == .pause(.seconds(30)))
  }

  @Test func whatCannotChangeIsNotTriedAgain() {
    var retry = WebSeedRetry()
    #expect(retry.failed(.status(404, retryAfter: nil)) == .lacksFile)
    #expect(retry.failed(.wrongLength(3)) == .lacksFile)
    #expect(retry.failed(.badURL("x")) == .giveUp)
    #expect(retry.failed(.leadsElsewhere("ftp://h/")) == .giveUp)
    #expect(retry.failed(.refused(.localWebSeedQuery("h"))) == .giveUp)
    #expect(retry.failed(.noRanges) == .wholeFiles)
    #expect(retry.failed(.noRanges) == .giveUp)
  }
}
