import Foundation
import Glibc
import Metainfo
import Primitives
import TestSupport
import Testing

/// Names of every kind, from a folder to a torrent and back.
@Suite(.timeLimit(.minutes(5)))
struct NameRoundTripTests {
  /// Names that Linux can hold, but that other programs or file systems see differently.
  private static let names: [[UInt8]] =
    [
      "plain.txt", "README", "readme", #"dev-a\x2db.device"#, "line\nfeed", "tab\tstop",
      "cod\u{202E}gpj.exe", "\u{E9}", "e\u{301}", "-rf", ".hidden", " blanks ", "a%20b", "c#d",
      "e?f", #":*"<>|"#, "dot.", String(repeating: "n", count: 255),
    ].map { Array($0.utf8) } + [[0x63, 0x61, 0x66, 0xE9], [0xC0, 0xAE, 0xFF]]

  private func run(
    _ words: [String], in folder: TemporaryFolder
  ) async throws -> ProcessRunner.Outcome {
    let quoted = ([try SwiftTorrentBinary.path()] + words).map { "'\($0)'" }
    return try await ProcessRunner.run(
      ["sh", "-c", "cd '\(folder.path)' && exec \(quoted.joined(separator: " "))"])
  }

  private func write(_ content: String, to name: [UInt8], in folder: String) throws {
    let path = Array((folder + "/").utf8) + name + [0]
    let file = path.withUnsafeBytes { bytes in
      bytes.withMemoryRebound(to: CChar.self) { characters in
        characters.baseAddress.map { open($0, O_WRONLY | O_CREAT | O_EXCL, 0o666) } ?? -1
      }
    }
    try #require(file >= 0)
    _ = Array(content.utf8).withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
    close(file)
  }

  @Test func everyNameComesBackByteForByte() async throws {
    let folder = try TemporaryFolder()
    try folder.makeFolder("tree")
    for (number, name) in Self.names.enumerated() {
      try write("content \(number)", to: name, in: folder.file("tree"))
    }
    let made = try await run(["create", "tree", "-q"], in: folder)
    #expect(made.ending == .exited(0), "\(made.errors)")
    let torrent = try TorrentMetainfo(
      bytes: Array(try #require(FileManager.default.contents(atPath: folder.file("tree.torrent")))))
    #expect(Set(torrent.layout.files.map { Array($0.path[1].bytes) }) == Set(Self.names))
    let verified = try await run(["verify", "tree.torrent"], in: folder)
    #expect(verified.ending == .exited(0), "\(verified.output)\(verified.errors)")
    let listed = try await run(["info", "tree.torrent"], in: folder)
    #expect(listed.output.contains(#"tree/line\nfeed"#) && listed.output.contains(#"tree/caf\xe9"#))

    let seed = try ChildProcess(
      [
        try SwiftTorrentBinary.path(), "seed", folder.file("tree.torrent"), "-o", folder.path,
        "--bind", "127.0.0.1", "--json", "--no-tracker",
      ], logsIn: folder.path, label: "seed")
    try await Condition.wait("the seed listens", timeout: .seconds(60)) {
      try JSONLines.parse(seed.output).contains { $0["event"] as? String == "listening" }
        || !seed.isRunning
    }
    let port = try #require(
      try JSONLines.parse(seed.output).compactMap { $0["port"] as? Int }.first)
    let fetched = try await run(
      ["tree.torrent", "-o", "want", "--peer", "127.0.0.1:\(port)", "--no-tracker", "--json"],
      in: folder)
    await seed.stop()
    #expect(fetched.ending == .exited(0), "\(fetched.errors)")
    #expect(!fetched.output.contains("file-renamed"))
    let same = try await ProcessRunner.run(
      ["diff", "-r", folder.file("tree"), folder.file("want/tree")])
    #expect(same.ending == .exited(0), "\(same.output)")
  }

  @Test func everyNameThatIsTextIsSelectedByItself() async throws {
    let folder = try TemporaryFolder()
    try folder.makeFolder("tree")
    for name in Self.names { try write("content", to: name, in: folder.file("tree")) }
    let made = try await run(["create", "tree", "-q"], in: folder)
    #expect(made.ending == .exited(0), "\(made.errors)")
    for name in Self.names {
      guard let text = String(validating: name, as: UTF8.self) else { continue }
      let pattern = text.map { #"\*?["#.contains($0) ? #"\"# + String($0) : String($0) }.joined()
      let listed = try await run(
        ["tree.torrent", "--list", "--json", "--select=./" + pattern], in: folder)
      #expect(listed.ending == .exited(0), "\(pattern): \(listed.errors)")
      let files = try JSONLines.parse(listed.output).first?["files"] as? [[String: Any]]
      let paths = files?.compactMap { $0["path"] as? String }.map { Array($0.utf8) }
      #expect(paths == [Array("tree/".utf8) + name], "\(pattern)")
    }
  }

  @Test(arguments: [240, 246, 247, 250, 255])
  func aFolderWithALongNameBecomesATorrent(length: Int) async throws {
    let folder = try TemporaryFolder()
    let name = String(repeating: "n", count: length)
    try folder.makeFolder(name)
    try folder.write("content", to: name + "/a")
    let made = try await run(["create", name, "--json", "-q"], in: folder)
    #expect(made.ending == .exited(0), "\(made.errors)")
    let object = try #require(try JSONLines.parse(made.output).first)
    let torrent = try #require(object["torrent"] as? String)
    #expect(object["name"] as? String == name && torrent.utf8.count <= 255)
    let verified = try await run(["verify", torrent], in: folder)
    #expect(verified.ending == .exited(0), "\(verified.errors)")
  }

  /// The name comes from strangers, and here it makes a file's name.
  @Test func aSavedTorrentStaysInItsFolder() async throws {
    let folder = try TemporaryFolder()
    try folder.makeFolder("a/b")
    let builder = TorrentBuilder(name: "../../out", pieceLength: 16384)
    let bytes = builder.torrent(content: [1, 2, 3])
    try Data(bytes).write(to: URL(fileURLWithPath: folder.file("t.torrent")))
    let saved = try await run(["info", "t.torrent", "--save-torrent", "a/b/", "-q"], in: folder)
    #expect(saved.ending == .exited(0), "\(saved.errors)")
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
    #expect(files == ["a", "a/b", "a/b/.._.._out.torrent", "t.torrent"])
  }
}
