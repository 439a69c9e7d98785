import Bencode
import Hashing
import Metainfo
import Primitives
import TestSupport
import Testing

@Suite struct TorrentMetainfoTests {
  private let soundInfo =
    "d6:lengthi1e4:name1:x12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaae"

  private func load(_ fields: [BencodeBytes: BencodeTree]) throws -> TorrentMetainfo {
    var builder = TorrentBuilder(name: "x", pieceLength: 16384)
    builder.fields = fields
    return try TorrentMetainfo(bytes: builder.torrent(content: [1]))
  }

  // MARK: - The info-hash

  @Test func theInfoHashIsThatOfTheInfoDictionary() throws {
    // The hash was computed with sha1sum.
    let torrent = try TorrentMetainfo(bytes: Array("d4:info\(soundInfo)e".utf8))
    #expect(torrent.infoHash.description == "fd1ecef9f83ef3d11c63557b271320a134a6add7")
    #expect(Array(torrent.info.originalBytes) == Array(soundInfo.utf8))
  }

  @Test func theInfoHashIsOverTheOriginalBytesNotOurEncoding() throws {
    let info = "d4:name1:x6:lengthi1e6:pieces20:aaaaaaaaaaaaaaaaaaaa12:piece lengthi16384ee"
    let torrent = try TorrentMetainfo(bytes: Array("d4:info\(info)e".utf8))
    #expect(torrent.infoHash.description == "f6cae3f8715df05a493ddc7b6cd2fbdf1991b94e")
    #expect(torrent.warnings.count == 1)
  }

  @Test func unknownFieldsCountForTheInfoHash() throws {
    let sound = try TorrentMetainfo(bytes: TorrentFixture.single())
    let other = try TorrentMetainfo(bytes: TorrentFixture.single(["x-unknown": 1]))
    #expect(sound.infoHash != other.infoHash)
  }

  @Test(arguments: [
    ("", "\0"), ("", "\u{1A}"), ("", "<html>"), ("\u{FEFF}", ""), ("\n", "\n"),
    ("\u{FEFF}", "\0\0"),
  ])
  func whatStandsAroundATorrentChangesNothing(before: String, after: String) throws {
    let torrent = try TorrentMetainfo(bytes: Array("\(before)d4:info\(soundInfo)e\(after)".utf8))
    #expect(torrent.infoHash.description == "fd1ecef9f83ef3d11c63557b271320a134a6add7")
    #expect(Array(torrent.info.originalBytes) == Array(soundInfo.utf8))
    #expect(torrent.warnings.count == (before.isEmpty || after.isEmpty ? 1 : 2))
    #expect(try TorrentMetainfo(bytes: torrent.fileBytes).warnings.isEmpty)
  }

  @Test func oddFieldsBesideInfoChangeNothing() throws {
    let torrent = try TorrentMetainfo(
      bytes: Array(
        "d8:announce9:http://a/8:announce9:http://b/13:creation datei99999999999999999999e4:info\(soundInfo)1:xi007ee"
          .utf8))
    #expect(torrent.infoHash.description == "fd1ecef9f83ef3d11c63557b271320a134a6add7")
    #expect(torrent.trackers == [["http://a/"]] && torrent.creationDate == nil)
    #expect(torrent.otherFields == [OtherField(name: "x", value: "7")])
    #expect(
      torrent.warnings.map(\.description) == [
        "the key \"announce\" once more at byte 22, where it was ignored",
        "a number that is too large at byte 59 in creation%20date; it was ignored",
        "a number with a leading zero at byte 165 in x",
        "the field \"creation date\" is not usable and was ignored",
      ])
  }

  /// Peers send metadata whose hash covers every byte (BEP 9); a torrent that reads otherwise would
  /// have another hash than the link.
  @Test(arguments: ["\n", " ", "\0", "<html>", "e"])
  func metadataMayHaveNothingAroundIt(rest: String) {
    #expect(throws: MetainfoError.self) { try TorrentInfo(bytes: Array((soundInfo + rest).utf8)) }
    #expect(throws: MetainfoError.self) { try TorrentInfo(bytes: Array((rest + soundInfo).utf8)) }
  }

  @Test(arguments: [
    soundly("6:lengthi01e"), soundly("6:lengthi-0e"), soundly("6:lengthi1e6:lengthi2e"),
    soundly("6:lengthi99999999999999999999e"), soundly("6:lengthi1.0e"),
  ])
  func nothingIsToleratedInTheInfoDictionary(info: String) {
    #expect(throws: MetainfoError.self) {
      try TorrentMetainfo(bytes: Array("d4:info\(info)e".utf8))
    }
    #expect(throws: MetainfoError.self) { try TorrentInfo(bytes: Array(info.utf8)) }
  }

  /// A sound `info` dictionary but for its length.
  private static func soundly(_ length: String) -> String {
    "d\(length)4:name1:x12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaae"
  }

  @Test func anInfoDictionaryLoadsOnItsOwn() throws {
    let info = try TorrentInfo(bytes: Array(soundInfo.utf8))
    let torrent = try TorrentMetainfo(bytes: Array("d4:info\(soundInfo)e".utf8))
    #expect(info.infoHash == torrent.infoHash)
    #expect(info.layout == torrent.layout)
  }

  // MARK: - Fields

  @Test func aSingleFileIsItsOwnPath() throws {
    let content = (0..<40000).map { UInt8(truncatingIfNeeded: $0) }
    let torrent = try TorrentMetainfo(
      bytes: TorrentBuilder(name: "film.mkv", pieceLength: 16384).torrent(content: content))
    #expect(torrent.name == "film.mkv")
    #expect(!torrent.isMultiFile)
    #expect(torrent.geometry == PieceGeometry(totalLength: 40000, pieceLength: 16384))
    #expect(torrent.layout.files.map(\.path) == [["film.mkv"]])
    #expect(torrent.layout.files[0].length == 40000)
    for piece in torrent.geometry.pieces {
      let range = torrent.layout.range(of: piece)
      let bytes = content[Int(range.lowerBound)..<Int(range.upperBound)]
      #expect(torrent.pieceHash(piece) == SHA1.digest(of: bytes))
    }
    #expect(torrent.warnings.isEmpty)
  }

  @Test func severalFilesLieInAFolderOfTheTorrentsName() throws {
    var builder = TorrentBuilder(name: "album", pieceLength: 16384)
    builder.addFile(path: ["cd1", "a.flac"], length: 10, attributes: "x")
    builder.addFile(path: ["cover.jpg"], length: 20)
    let torrent = try TorrentMetainfo(
      bytes: builder.torrent(content: Array(repeating: 0, count: 30)))
    #expect(torrent.isMultiFile)
    #expect(
      torrent.layout.files.map(\.path) == [["album", "cd1", "a.flac"], ["album", "cover.jpg"]])
    #expect(torrent.layout.files.map(\.offset) == [0, 10])
    #expect(torrent.layout.files.map(\.isExecutable) == [true, false])
    #expect(torrent.layout.files.map(\.index) == [0, 1])
  }

  @Test func theStandardFieldsAreRead() throws {
    let torrent = try load([
      "announce": "http://192.0.2.1/announce", "comment": "two\nlines\u{1B}[2J",
      "created by": "mktorrent 1.1", "creation date": 1_600_000_000, "encoding": "UTF-8",
      "url-list": ["http://192.0.2.2/", "http://192.0.2.3/", "http://192.0.2.2/"],
      "nodes": [["192.0.2.4", 6881], ["router.example", 1], ["bad", 70000], "x"],
    ])
    #expect(torrent.trackers == [["http://192.0.2.1/announce"]])
    #expect(torrent.comment == "two\nlines\u{FFFD}[2J")
    #expect(torrent.createdBy == "mktorrent 1.1")
    #expect(torrent.creationDate == 1_600_000_000)
    #expect(torrent.encoding == "UTF-8")
    #expect(torrent.webSeeds == ["http://192.0.2.2/", "http://192.0.2.3/"])
    #expect(torrent.nodes.map(\.host) == ["192.0.2.4", "router.example"])
    #expect(torrent.nodes.map(\.port) == [6881, 1])
    #expect(torrent.warnings == [.ignored(field: "nodes[2]"), .ignored(field: "nodes[3]")])
  }

  @Test func theAnnounceListGoesBeforeAnnounce() throws {
    let torrent = try load([
      "announce": "http://a/",
      "announce-list": [["http://b/", " http://c/\n"], [], [""], ["http://b/", "udp://d/"]],
    ])
    #expect(torrent.trackers == [["http://b/", "http://c/"], ["udp://d/"]])
    #expect(torrent.warnings.isEmpty)
  }

  @Test func anEmptyAnnounceListFallsBackToAnnounce() throws {
    let torrent = try load(["announce": "http://a/", "announce-list": [[]]])
    #expect(torrent.trackers == [["http://a/"]])
  }

  @Test func aFlatAnnounceListIsOneTrackerATier() throws {
    let torrent = try load(["announce-list": ["http://a/", "http://b/"]])
    #expect(torrent.trackers == [["http://a/"], ["http://b/"]])
  }

  @Test func aTorrentNeedsNoTracker() throws {
    #expect(try load([:]).trackers == [])
    #expect(try load(["announce": ""]).trackers == [])
  }

  @Test func trackersInOddFormsAreRead() throws {
    let one: BencodeTree = "http://a/"
    let two: BencodeTree = "http://b/"
    let table: [([BencodeBytes: BencodeTree], [[String]], [MetainfoWarning])] = [
      (["announce": [one, two]], [["http://a/"], ["http://b/"]], [.oddForm(field: "announce")]),
      (
        ["announce": [[one, two], [one]]], [["http://a/", "http://b/"]],
        [.oddForm(field: "announce")]
      ),
      (
        ["announce-list": [one, [two]]], [["http://a/"], ["http://b/"]],
        [.oddForm(field: "announce-list")]
      ),
      (["announce-list": one], [["http://a/"]], [.oddForm(field: "announce-list")]),
      (
        ["announce-list": [1, [one, 2]]], [["http://a/"]],
        [.ignored(field: "announce-list[0]"), .ignored(field: "announce-list[1]")]
      ),
      (["announce": "http://a/\0\n", "announce-list": [[""]]], [["http://a/"]], []),
      (
        ["announce": [1, one], "announce-list": "x"], [["http://a/"]],
        [
          .ignored(field: "announce-list"), .oddForm(field: "announce"),
          .ignored(field: "announce[0]"),
        ]
      ),
      (["announce": [:]], [], [.ignored(field: "announce")]),
    ]
    for (fields, trackers, warnings) in table {
      let torrent = try load(fields)
      #expect(torrent.trackers == trackers, "\(fields)")
      #expect(torrent.warnings == warnings, "\(fields)")
    }
  }

  @Test func numbersAsTextAreRead() throws {
    let torrent = try load([
      "creation date": "951827696", "nodes": [["192.0.2.1", "6881"], ["192.0.2.1", "x"]],
    ])
    #expect(torrent.creationDate == 951_827_696)
    #expect(torrent.nodes.map(\.port) == [6881])
    #expect(
      torrent.warnings == [.ignored(field: "nodes[1]"), .oddForm(field: "creation date")])
    for date: BencodeTree in ["", "-5", "today", "99999999999999999999", -1, [5]] {
      #expect(try load(["creation date": date]).creationDate == nil)
    }
    #expect(try load(["url-list": ""]).webSeeds.isEmpty)
    #expect(try load(["url-list": ["", 5, "http://a/"]]).warnings == [.ignored(field: "url-list")])
  }

  @Test func uselessFieldsAreIgnoredWithAWarning() throws {
    let torrent = try load([
      "announce": 1, "announce-list": "x", "comment": 2, "creation date": "today",
      "created by": [], "url-list": ["http://a/\u{1B}"], "nodes": 1,
    ])
    #expect(torrent.trackers.isEmpty)
    #expect(
      Set(torrent.warnings)
        == Set(
          [
            "announce", "announce-list", "comment", "creation date", "created by", "url-list",
            "nodes",
          ].map { .ignored(field: $0) }))
  }

  @Test func privateAndSourceAreRead() throws {
    let torrent = try TorrentMetainfo(
      bytes: TorrentFixture.single([
        "private": 1, "source": "TRACKER", "md5sum": "d41d8cd98f00b204e9800998ecf8427e",
      ]))
    #expect(torrent.isPrivate)
    #expect(torrent.source == "TRACKER")
    #expect(torrent.layout.files[0].md5sum == "d41d8cd98f00b204e9800998ecf8427e")
    #expect(try !TorrentMetainfo(bytes: TorrentFixture.single()).isPrivate)
  }

  @Test func theUTF8NameGoesFirst() throws {
    let torrent = try TorrentMetainfo(
      bytes: TorrentFixture.single(["name": .bytes([0xE9]), "name.utf-8": "é"]))
    #expect(torrent.name == "é")
    #expect(torrent.warnings.isEmpty)
  }

  @Test func paddingAndLinksAreNotStored() throws {
    let torrent = try TorrentMetainfo(
      bytes: TorrentFixture.multi([
        "files": [
          ["length": 10, "path": ["a"]], ["attr": "p", "length": 6, "path": [".pad", "6"]],
          ["attr": "lh", "length": 9, "path": ["b"], "symlink path": ["a"]],
        ]
      ]))
    let files = torrent.layout.files
    #expect(files.map(\.isStored) == [true, false, false])
    #expect(files.map(\.length) == [10, 6, 0])
    #expect(torrent.geometry.totalLength == 16)
    #expect(torrent.warnings == [.skippedSymlink(path: "x/b")])
  }

  @Test func unsafePathsAreReported() throws {
    let torrent = try TorrentMetainfo(bytes: TorrentFixture.files([["a"], ["..", "b"]]))
    #expect(torrent.warnings == [.unsafePath(file: 1, path: "x/../b")])
    let climbing = try TorrentMetainfo(bytes: TorrentFixture.multi(["name": "../x"]))
    #expect(climbing.warnings == [.unsafeName("../x")])
  }

  @Test func pathsAreTheTorrentsOwnBytes() throws {
    let paths: [[[UInt8]]] = [
      [[0x63, 0xE9]], [Array("a\\x2db".utf8)], [Array("a\nb".utf8)], [Array("\u{202E}".utf8)],
      [Array("README".utf8)], [Array("readme".utf8)], [Array("d".utf8), Array("e\u{301}".utf8)],
    ]
    let torrent = try TorrentMetainfo(
      bytes: TorrentFixture.files(paths.map { $0.map { .bytes($0) } }))
    #expect(
      torrent.layout.files.map { $0.path.dropFirst().map { Array($0.bytes) } } == paths)
    #expect(torrent.layout.files.allSatisfy { $0.path.first == "x" })
    let single = try TorrentMetainfo(bytes: TorrentFixture.single(["name": .bytes([0xE9, 0x5C])]))
    #expect(single.layout.files[0].path == [FileName([0xE9, 0x5C])])
    #expect(single.name == "\u{FFFD}\\" && single.warnings.isEmpty)
  }

  @Test func hybridTorrentsLoadAsVersionOne() throws {
    let torrent = try TorrentMetainfo(bytes: TorrentFixture.single(["meta version": 2]))
    #expect(torrent.info.isHybrid)
  }

  // MARK: - Limits

  @Test func aTorrentIsNotLargerThanTheLimit() {
    var limits = MetainfoLimits()
    let bytes = TorrentFixture.single()
    limits.bytes = bytes.count - 1
    #expect(throws: MetainfoError.tooLarge(limit: limits.bytes)) {
      try TorrentMetainfo(bytes: bytes, limits: limits)
    }
  }

  @Test func asManyPiecesAsTheLimitLoad() throws {
    var builder = TorrentBuilder(name: "x", pieceLength: 1)
    let torrent = try TorrentMetainfo(
      bytes: builder.torrent(pieces: Array(repeating: 0, count: 0x20_0000 * 20), length: 0x20_0000))
    #expect(torrent.geometry.pieceCount == 0x20_0000)
    builder.pieceLength = PieceGeometry.maximumPieceLength
    let largest = try TorrentMetainfo(
      bytes: builder.torrent(pieces: Array(repeating: 0, count: 20), length: 1))
    #expect(largest.geometry.pieceLength == 512 << 20)
  }

  @Test func warningsAreBounded() throws {
    let paths: [[BencodeTree]] = (0..<300).map { ["..", .bytes(String($0).utf8)] }
    let torrent = try TorrentMetainfo(bytes: TorrentFixture.files(paths))
    #expect(torrent.layout.files.count == 300)
    #expect(torrent.warnings.count == 100)
  }
}
