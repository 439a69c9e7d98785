import Bencode
import Metainfo
import Primitives
import TestSupport
import Testing

@testable import Storage

/// The names that a torrent's files get on disk.
@Suite struct OutputNamesTests {
  private func names(
    _ paths: [[[UInt8]]], _ rules: NameRules = NameRules()
  ) throws -> [[FileName]] {
    let torrent = try TorrentMetainfo(
      bytes: TorrentFixture.files(paths.map { $0.map { .bytes($0) } }))
    let names = OutputNames(torrent: torrent, isFlat: false) { rules }
    return torrent.layout.files.map { Array(names.path(of: $0)) }
  }

  private func texts(_ paths: [[String]], _ rules: NameRules = NameRules()) throws -> [String] {
    try names(paths.map { $0.map { Array($0.utf8) } }, rules).map(\.pathText)
  }

  /// The rules of vfat.
  private static var limited: NameRules {
    var rules = NameRules()
    rules.foldsCase = true
    rules.forbidden = Set(#"\:*?"<>|"#.utf8)
    rules.requiresUTF8 = true
    rules.dropsTrailing = true
    rules.longestUnits = 255
    return rules
  }

  @Test(arguments: NastyTorrents.all)
  func nastyTorrentsStayInsideTheOutputFolder(fixture: TorrentFixture) throws {
    guard case .loads(let expected) = fixture.expectation else { return }
    let torrent = try TorrentMetainfo(bytes: fixture.bytes)
    let names = OutputNames(torrent: torrent, isFlat: false) { NameRules() }
    for (file, expected) in zip(torrent.layout.files, expected) where file.isStored {
      let path = names.path(of: file)
      #expect(path.map(\.text) == expected)
      for name in path {
        let isSafe =
          name.count > 0 && name != "." && name != ".." && name.count <= 255
          && !name.bytes.contains(0) && !name.bytes.contains(UInt8(ascii: "/"))
        #expect(isSafe, "\(name.text.debugDescription)")
      }
    }
  }

  @Test func aFileSystemOfBytesTakesEveryName() throws {
    let paths: [[[UInt8]]] =
      [
        "README", "readme", #"a\x2db"#, "a\nb", "a\tb", "a\u{202E}b", "\u{E9}", "e\u{301}", " b ",
        ".hidden", "-rf", "a%b#c?d", "a.", #":*?"<>|"#, String(repeating: "n", count: 255),
      ].map { [Array($0.utf8)] } + [[[0x63, 0xE9]], [[0xFF, 0xFE]]]
    let made = try names(paths)
    #expect(made.map { $0.dropFirst().map { Array($0.bytes) } } == paths)
  }

  @Test func namesChangeOnlyAsTheFileSystemDemands() throws {
    #expect(
      try texts([["README"], ["readme"], ["a:b"], ["x. "], ["plain"]], Self.limited)
        == ["x/README", "x/readme.1", "x/a_b", "x/x._", "x/plain"])
    var normalizing = NameRules()
    normalizing.normalizes = true
    #expect(
      try texts([["\u{E9}"], ["e\u{301}"], ["A"], ["a"]], normalizing)
        .map { Array($0.utf8) }
        == ["x/\u{E9}", "x/e\u{301}.1", "x/A", "x/a"].map { Array($0.utf8) })
    var short = NameRules()
    short.longest = 143
    let cut = try texts([[String(repeating: "é", count: 100) + ".txt"]], short)[0]
    #expect(cut == "x/" + String(repeating: "é", count: 69) + ".txt")
    #expect(try names([[[0x63, 0xE9]]], Self.limited) == [["x", "c_"]])
  }

  @Test func namesThatOnlyDifferInCaseMeetOnlyWhereCaseDoesNotCount() throws {
    let names = ["a", "A", "a.1", "A.1", "a.1.1", "b", "B"]
    var paths: [[String]] = []
    for first in names {
      paths.append([first])
      for second in names { paths.append([first, second]) }
    }
    // A file and a folder of one name cannot be, on any system.
    for rules in [NameRules(), Self.limited] {
      let made = try texts(paths, rules).map { rules.foldsCase ? $0.lowercased() : $0 }
      #expect(Set(made).count == paths.count)
      for path in made {
        #expect(!made.contains { $0.hasPrefix(path + "/") }, "\(path) is a file and a folder")
      }
    }
  }

  @Test func anyNumberOfDuplicatesGetNumbers() throws {
    let made = try texts(Array(repeating: ["a.txt"], count: 2000))
    #expect(made[0] == "x/a.txt" && made[1] == "x/a.1.txt" && made[1999] == "x/a.1999.txt")
    #expect(Set(made).count == 2000)
  }

  @Test func namesChosenToCollideCostNoMoreThanOthers() throws {
    // Every stem is cut to the same bytes to make room for a number, so all want the same names.
    let stem = String(repeating: "a", count: 245)
    var paths: [[String]] = []
    for number in 0..<10_000 {
      let name = stem + String(100_000 + number) + String(repeating: "b", count: 4)
      paths += [[name], [name]]
    }
    var made: [String] = []
    let time = ProcessorTime.measure {
      do { made = try texts(paths) } catch { Issue.record("\(error)") }
    }
    #expect(Set(made).count == paths.count)
    #expect(time < .seconds(10))
  }

  @Test func ordinaryTorrentsAskNothing() throws {
    var isAsked = false
    let torrent = try TorrentMetainfo(
      bytes: TorrentFixture.files([["a", "b.txt"], ["a", "c"], ["d (1) [x] & y.txt"]]))
    let names = OutputNames(torrent: torrent, isFlat: false) {
      isAsked = true
      return NameRules()
    }
    #expect(!isAsked && names.changes(in: torrent.layout.files).isEmpty)
  }

  // MARK: - Probing

  private func stored(_ paths: [String]) throws -> StoredTorrent {
    try StoredTorrent(files: paths.map { ($0, 100) }, pieceLength: 16384)
  }

  @Test func ordinaryTorrentsMakeNoExtraCalls() throws {
    let disk = MemoryFileSystem(names: Self.limited)
    let plain = try stored(["a/b.txt", "c"])
    _ = TorrentStorage(torrent: plain.torrent, folder: "/out", fileSystem: disk)
    #expect(disk.callCount("fstatfs") == 0 && disk.callCount("open") == 0)
  }

  @Test func whatTheFileSystemFoldsIsFoundOutAndNothingStays() throws {
    for (rules, expected) in [
      (NameRules(), ["T/A:b", "T/a:B"]), (Self.limited, ["T/A_b", "T/a_B.1"]),
    ] {
      let disk = MemoryFileSystem(names: rules)
      let twins = try stored(["A:b", "a:B"])
      let storage = TorrentStorage(torrent: twins.torrent, folder: "/out", fileSystem: disk)
      _ = try storage.inspect()
      #expect(disk.paths.isEmpty, "\(disk.paths)")
      try storage.prepare(verified: Bitfield(count: twins.pieces.count))
      for piece in twins.pieces {
        try twins.bytes(piece).withUnsafeBytes { try storage.write(piece: piece, bytes: $0) }
      }
      try storage.finish()
      try storage.close()
      #expect(disk.paths == expected.sorted())
      #expect(storage.nameChanges.isEmpty == (rules == NameRules()))
      // The same folder gives the same names, also to one that may not write.
      var options = StorageOptions()
      options.readsNeighbours = true
      let check = TorrentStorage(
        torrent: twins.torrent, folder: "/out", options: options, fileSystem: disk)
      let changes = disk.changes
      #expect(
        check.nameChanges == storage.nameChanges)
      #expect(disk.changes == changes, "a check makes no file")
    }
  }

  @Test func aReadOnlyFolderIsLookedAt() throws {
    var rules = NameRules()
    rules.foldsCase = true
    let memory = MemoryFileSystem(names: rules)
    let twins = try StoredTorrent(files: [("README", 10), ("readme", 10)], pieceLength: 16384)
    memory.put("T/README", [1])
    let disk = FaultyFileSystem(memory)
    disk.fail("openat", with: 30)  // EROFS
    let storage = TorrentStorage(torrent: twins.torrent, folder: "/out", fileSystem: disk)
    #expect(storage.nameChanges.map(\.diskPath) == [["T", "readme.1"]])
  }
}
