import Foundation
import Metainfo
import Primitives
import TestSupport
import Testing

@testable import CLI
@testable import Storage
@testable import Tracker

/// The objects that commands print with `--json`, which the README shows as they are written.
@Suite struct ResultJSONTests {
  private static func torrent() throws -> TorrentMetainfo {
    var builder = TorrentBuilder(name: "photos", pieceLength: 16384)
    builder.addFile(path: ["one.jpg"], length: 39990)
    builder.addFile(path: ["two", "run.sh"], length: 10, attributes: "x")
    builder.trackers = [["http://tracker.example/announce"]]
    builder.webSeeds = ["http://seed.example/"]
    builder.comment = "by me"
    builder.createdBy = "swift-torrent/0.1.0"
    builder.creationDate = 951_827_696
    return try TorrentMetainfo(bytes: builder.torrent(content: [UInt8](repeating: 7, count: 40000)))
  }

  private static func verified(_ torrent: TorrentMetainfo) -> JSONValue {
    let files = torrent.layout.files
    let found = VerificationReport(
      pieceCount: 3, totalBytes: 40000,
      badPieces: [
        .init(piece: PieceIndex(0), files: [0]), .init(piece: PieceIndex(1), files: [0]),
      ],
      unprovenPieces: [],
      files: [
        .init(
          index: 0, path: files[0].displayPath, length: files[0].length, condition: .damaged,
          badPieceCount: 2, unprovenPieceCount: 0, pieceCount: 3),
        .init(
          index: 1, path: files[1].displayPath, length: files[1].length, condition: .intact,
          badPieceCount: 0, unprovenPieceCount: 0, pieceCount: 1),
      ])
    return VerifyReport(torrent: torrent, folder: "downloads", found: found).json
  }

  /// One of each, in the order of the commands in the help, `--list` behind `info`.
  private static func examples() throws -> [JSONValue] {
    let torrent = try torrent()
    let counts = ScrapeReply.Counts(seeders: 3, leechers: 1, downloaded: 20)
    let scraped = ScrapeLine(
      tracker: "http://tracker.example/announce", infoHash: torrent.infoHash, name: torrent.name,
      counts: counts)
    let failure = CommandFailure(.sourceNotFound, "b.torrent: no such file")
    return [
      TorrentJSON.info(torrent), TorrentJSON.list(torrent, source: 0), verified(torrent),
      CreationJSON.created(torrent, at: "photos.torrent"), scraped.json,
      EventJSON.failed(failure, source: nil),
    ]
  }

  @Test func theReadmeShowsEveryResultAsItIsWritten() throws {
    let path = FixtureFolder.repositoryPath("README.md")
    let readme = try String(contentsOfFile: path, encoding: .utf8)
    let lines = try Self.examples().map { $0.text + "\n" }.joined()
    #expect(readme.contains("```json\n\(lines)```\n"), "the README should say:\n\(lines)")
  }
}
