import Bencode
import CLI
@testable import Download
import Foundation
import Metainfo
import Primitives
import Storage
import TestSupport
import Testing
import Tracker

/// The events of `--json`, which the README shows as they are written.
@Suite struct EventJSONTests {
  private static func torrent() throws -> TorrentMetainfo {
    let builder = TorrentBuilder(name: "data.bin", pieceLength: 16384)
    return try TorrentMetainfo(bytes: builder.torrent(content: [UInt8](repeating: 7, count: 40000)))
  }

  private static func progress() -> ProgressSnapshot {
    var progress = ProgressSnapshot()
    progress.totalBytes = 40000
    progress.verifiedBytes = 16384
    progress.downloadedBytes = 32768
    progress.wastedBytes = 16384
    progress.downloadRate = 131072.5
    progress.connectedPeers = 2
    progress.seeds = 1
    progress.knownPeers = 3
    progress.pieceCount = 3
    progress.verifiedPieces = 1
    progress.failedPieces = 1
    progress.eta = .milliseconds(250)
    progress.exchangeTime = .milliseconds(250)
    progress.dhtNodes = 12
    progress.sources = [
      SourceSummary(source: .tracker, found: 3, connected: 2, downloadedBytes: 32768)
    ]
    progress.trackers = [tracker(.failed("it is down"))]
    return progress
  }

  private static func tracker(_ state: TrackerReport.State) -> TrackerReport {
    var report = TrackerReport(url: "http://tracker.example/announce", state: state)
    if case .working = state { report.externalAddress = IPAddress("198.51.100.7") }
    if case .failed = state { report.nextAnnounce = .seconds(17.5) }
    return report
  }

  private static func output(_ torrent: TorrentMetainfo) -> CompletedOutput {
    CompletedOutput(
      name: torrent.name, infoHash: torrent.infoHash.description,
      bytes: torrent.geometry.totalLength, path: "/home/me/downloads/data.bin")
  }

  /// A run with one source of each kind, which SIGINT has interrupted.
  private static func totals(_ failure: CommandFailure) -> RunTotals {
    var totals = RunTotals()
    totals.status = failure.status
    totals.signal = 2
    totals.completed = 1
    totals.failed = 1
    totals.stopped = 1
    totals.downloadedBytes = 32768
    totals.duration = .milliseconds(1500)
    return totals
  }

  /// One of each event, in the order in which they come.
  private static func examples() throws -> [JSONValue] {
    let torrent = try torrent()
    let peer = try #require(Endpoint("192.0.2.1:6881"))
    let working = TrackerReport.State.working(
      peers: 2, seeders: 1, leechers: nil, next: .seconds(1800))
    let engine: [DownloadEvent] = [
      .started(
        RunFacts(
          name: torrent.name, infoHash: torrent.infoHash,
          totalLength: torrent.geometry.totalLength, pieceCount: torrent.geometry.pieceCount,
          folder: "downloads")),
      .checking(done: 32768, total: 40000), .checked(verifiedBytes: 16384),
      .listening(port: 46881, datagramPort: 46881),
      .tracker(tracker(.announcing)), .tracker(tracker(working)),
      .tracker(tracker(.failed("it is down"))),
      .dht(DHTReport(.joining, nodes: 0)), .dht(DHTReport(.joined, nodes: 1)),
      .dht(DHTReport(.searched(peers: 3), nodes: 12)),
      .dht(DHTReport(.failed("no socket"), nodes: 0)),
      .webSeed(WebSeedReport(url: "http://seed.example/data.bin", state: .working)),
      .webSeed(
        WebSeedReport(
          url: "http://seed.example/data.bin",
          state: .failed("it is busy", retryAfter: .seconds(30)))),
      .peerConnected(peer, client: "-XX0001-", source: .tracker),
      .pieceFailed(PieceIndex(1), senders: [peer]),
      .peerBanned(peer, reason: "sent a bad block"),
      .peerDisconnected(peer, reason: "it hung up"),
      .progress(progress()),
      .fileRenamed(NameChange(file: 0, path: ["data.bin"], diskPath: ["data_bin"])),
      .fileCompleted(index: 0, path: "data.bin", length: 40000),
      .seeding(
        SeedingFacts(
          ratio: 1.5, time: nil, verifiedBytes: 16384, totalBytes: 40000, missingPieces: 2)),
    ]
    var search = MetadataProgress()
    search.connectedPeers = 3
    search.offeringPeers = 2
    search.knownPeers = 5
    search.receivedBytes = 16384
    search.totalBytes = 40000
    let summary = DownloadSummary(
      alreadyComplete: false, duration: .milliseconds(500), seedingTime: .zero,
      progress: progress(),
      bannedPeers: [peer])
    let failure = CommandFailure(.sourceNotFound, "b.torrent: no such file")
    return [
      EventJSON.run(sources: 3),
      try #require(EventJSON.event(.fetchingMetadata(search), source: 0)),
      EventJSON.metadata(torrent, origin: "a.torrent", source: 0),
    ] + engine.compactMap { EventJSON.event($0, source: 0) } + [
      EventJSON.completed(summary, output(torrent), source: 0),
      EventJSON.failed(failure, source: 1),
      EventJSON.stopped(source: 2), EventJSON.summary(totals(failure)),
    ]
  }

  @Test func theReadmeShowsEveryEventAsItIsWritten() throws {
    let path = FixtureFolder.repositoryPath("README.md")
    let readme = try String(contentsOfFile: path, encoding: .utf8)
    let lines = try Self.examples().map { $0.text + "\n" }.joined()
    #expect(readme.contains("```json\n\(lines)```\n"), "the README should say:\n\(lines)")
  }

  @Test func theSummaryHasTheStatusThatTheProcessEndsWith() {
    var totals = RunTotals()
    totals.status = .sourceNotFound
    totals.stopped = 1
    #expect(EventJSON.summary(totals).text.contains(#""status":3,"interrupted":false"#))
    totals.signal = 15
    totals.stopped = 0
    #expect(EventJSON.summary(totals).text.contains(#""status":143,"interrupted":true"#))
  }

  @Test func everyLineIsAnObjectThatNamesItsEvent() throws {
    for (index, value) in try Self.examples().enumerated() {
      let object = try JSONSerialization.jsonObject(with: Data(value.text.utf8))
      let members = try #require(object as? [String: Any])
      #expect(members["event"] is String)
      #expect((members["schema"] as? Int == EventJSON.schema) == (index == 0))
    }
  }

  @Test func aHostWithoutUDPHasNoUDPPort() {
    let event = EventJSON.event(.listening(port: 7001, datagramPort: nil), source: 0)
    #expect(event?.text == #"{"event":"listening","source":1,"port":7001,"udp_port":null}"#)
  }

  @Test func whatCompletedSaysBetterIsNotSaidTwice() {
    #expect(EventJSON.event(.completed, source: 0) == nil)
  }
}

@Suite struct TorrentJSONTests {
  @Test func everyFieldIsThere() throws {
    var builder = TorrentBuilder(name: "folder\u{1B}", pieceLength: 16384)
    builder.addFile(path: ["a \"b\""], length: 16384)
    builder.addFile(path: ["sub", "c"], length: 3616, attributes: "x")
    builder.trackers = [["http://one/announce"], ["http://two/announce"]]
    builder.webSeeds = ["http://seed/"]
    builder.isPrivate = true
    builder.comment = "first\nsecond"
    builder.createdBy = "tests"
    builder.creationDate = 951_827_696
    let torrent = try TorrentMetainfo(
      bytes: builder.torrent(content: [UInt8](repeating: 7, count: 20000)))
    var bytes: [UInt8] = []
    TorrentJSON.writeInfo(of: torrent) { bytes += $0 }
    let text = String(decoding: bytes, as: UTF8.self)
    let object = try JSONSerialization.jsonObject(with: Data(text.utf8))
    let members = try #require(object as? [String: Any])
    #expect(members["schema"] as? Int == 1)
    #expect(members["info_hash"] as? String == torrent.infoHash.description)
    #expect(members["total_length"] as? Int == 20000)
    #expect(members["private"] as? Bool == true)
    #expect(members["comment"] as? String == "first\nsecond")
    #expect(members["created"] as? Int == 951_827_696)
    #expect(
      members["trackers"] as? [[String]] == [["http://one/announce"], ["http://two/announce"]])
    let files = try #require(members["files"] as? [[String: Any]])
    #expect(files.map { $0["number"] as? Int } == [1, 2])
    #expect(files[1]["attributes"] as? [String] == ["executable"])
    #expect((members["warnings"] as? [String])?.isEmpty == true)
    #expect(!text.contains("\u{1B}"))
    bytes = []
    TorrentJSON.writeList(of: torrent, source: 4) { bytes += $0 }
    let list = String(decoding: bytes, as: UTF8.self)
    #expect(list.contains(#""source":5"#))
    #expect(list.contains(#""path":"folder\u001b/a \"b\"""#))
  }

  /// Names are bytes, and JSON is UTF-8.
  @Test func namesThatAreNoTextHaveTheirBytesToo() throws {
    var builder = TorrentBuilder(name: "x", pieceLength: 16384)
    builder.name = BencodeBytes([0xE9])
    builder.addFile(rawPath: [BencodeBytes([0x61, 0xFF])], length: 10)
    builder.addFile(path: ["b\nc"], length: 10)
    let torrent = try TorrentMetainfo(
      bytes: builder.torrent(content: Array(repeating: 7, count: 20)))
    var bytes: [UInt8] = []
    TorrentJSON.writeInfo(of: torrent) { bytes += $0 }
    let text = try #require(String(validating: bytes, as: UTF8.self))
    let object = try JSONSerialization.jsonObject(with: Data(text.utf8))
    let members = try #require(object as? [String: Any])
    #expect(members["name"] as? String == "\u{FFFD}" && members["name_hex"] as? String == "e9")
    let files = try #require(members["files"] as? [[String: Any]])
    #expect(files[0]["path_hex"] as? String == "e92f61ff")
    #expect(files[1]["path"] as? String == "\u{FFFD}/b\nc")
    #expect(
      EventJSON.event(
        .fileRenamed(NameChange(file: 0, path: ["a"], diskPath: [FileName([0xFF])])), source: 0)?
        .text.contains(#""disk_path_hex":"ff""#) == true)
  }

  @Test func terminalsAreShownNamesThatCannotSteerThem() {
    #expect(NameText.shown("a b é 日".utf8) == "a b é 日")
    #expect(
      NameText.shown(Array("a\n\t\u{1B}\u{202E}".utf8) + [0xE9, 0x62]) == #"a\n\t\x1b\u{202e}\xe9b"#
    )
    #expect(NameText.shown([FileName([0xFF]), "x"]) == #"\xff/x"#)
  }
}

@Suite struct RunTotalsTests {
  @Test func theLineCountsEverySource() {
    var totals = RunTotals()
    totals.completed = 3
    #expect(totals.text.hasPrefix("3 of 3 torrents complete; "))
    totals.failed = 1
    totals.stopped = 2
    totals.downloadedBytes = 1 << 30
    totals.duration = .seconds(90)
    #expect(
      totals.text
        == "3 of 6 torrents complete, 1 failed, 2 interrupted; run the same command again to resume; "
        + "1 GiB downloaded, 0 B uploaded in 1:30")
    // The data that is seeded need not be complete, and nobody resumes it.
    totals.isSeeding = true
    #expect(totals.text.hasPrefix("3 of 6 torrents seeded, 1 failed, 2 stopped; "))
  }
}
