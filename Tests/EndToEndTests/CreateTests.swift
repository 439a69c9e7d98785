import Foundation
import Metainfo
import Primitives
import TestSupport
import Testing

/// `create` and `verify`, as a user runs them.
@Suite(.timeLimit(.minutes(5)))
struct CreateTests {
  private func run(
    _ words: [String], in folder: TemporaryFolder
  ) async throws -> ProcessRunner.Outcome {
    let quoted = ([try SwiftTorrentBinary.path()] + words).map { "'\($0)'" }
    return try await ProcessRunner.run(
      ["sh", "-c", "cd '\(folder.path)' && exec \(quoted.joined(separator: " "))"])
  }

  /// A folder with files in folders, an empty one, one that may be run, a hidden one and a link.
  private func tree(in folder: TemporaryFolder) throws {
    try folder.makeFolder("tree/sub/deep")
    try folder.write(String(repeating: "0123456789", count: 20000), to: "tree/z.txt")
    try folder.write("", to: "tree/empty")
    try folder.write("#!/bin/sh\n", to: "tree/sub/run.sh")
    try folder.write("object", to: "tree/sub/deep/x.o")
    try folder.write("hidden", to: "tree/.hidden")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: folder.file("tree/sub/run.sh"))
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("tree/link"), withDestinationPath: "/etc/passwd")
  }

  private func torrent(_ path: String) throws -> TorrentMetainfo {
    try TorrentMetainfo(bytes: Array(FileManager.default.contents(atPath: path) ?? Data()))
  }

  @Test func aTreeBecomesATorrentThatVerifies() async throws {
    let folder = try TemporaryFolder()
    try tree(in: folder)
    let outcome = try await run(
      [
        "create", "tree", "--tracker", "http://a/announce http://b/announce", "--tracker",
        "udp://c:80/announce", "--web-seed", "http://w/", "--comment", "hello", "--source", "src",
        "--private", "--exclude", "*.o", "--piece-length", "64K",
      ], in: folder)
    #expect(outcome.ending == .exited(0), "\(outcome.errors)")
    #expect(outcome.errors.contains("skipped tree/link"))
    let made = try torrent(folder.file("tree.torrent"))
    #expect(outcome.output == "\(made.infoHash)  tree.torrent\n\(MagnetLink(made))\n")
    #expect(
      made.layout.files.map(\.displayPath)
        == ["tree/.hidden", "tree/empty", "tree/sub/run.sh", "tree/z.txt"])
    #expect(made.layout.files.map(\.isExecutable) == [false, false, true, false])
    #expect(
      made.trackers == [["http://a/announce", "http://b/announce"], ["udp://c:80/announce"]])
    #expect(made.webSeeds == ["http://w/"])
    #expect(made.comment == "hello" && made.source == "src" && made.isPrivate)
    #expect(made.geometry.pieceLength == 65536)
    #expect(made.creationDate != nil && made.createdBy?.hasPrefix("swift-torrent") == true)
    let verified = try await run(["verify", "tree.torrent"], in: folder)
    #expect(verified.ending == .exited(0), "\(verified.errors)")
    #expect(verified.output.contains("all "))
  }

  @Test func theSameTreeGivesTheSameBytes() async throws {
    let (first, second) = (try TemporaryFolder(), try TemporaryFolder())
    for folder in [first, second] {
      try tree(in: folder)
      let outcome = try await run(
        ["create", "tree", "--reproducible", "--quiet", "--save-torrent", "out.torrent"],
        in: folder)
      #expect(outcome.ending == .exited(0), "\(outcome.errors)")
      #expect(outcome.output.isEmpty && outcome.errors.isEmpty)
    }
    let bytes = [first, second].map {
      FileManager.default.contents(atPath: $0.file("out.torrent")) ?? Data()
    }
    #expect(!bytes[0].isEmpty)
    #expect(bytes[0] == bytes[1])
    #expect(try torrent(first.file("out.torrent")).creationDate == nil)
  }

  @Test func aTorrentOfOneFileCanGoToStandardOutput() async throws {
    let folder = try TemporaryFolder()
    try folder.write("some data", to: "file.txt")
    let path = try SwiftTorrentBinary.path()
    let script =
      "cd '\(folder.path)' && '\(path)' create file.txt --name other.txt --save-torrent - | "
      + "'\(path)' info - --json"
    let outcome = try await ProcessRunner.run(["sh", "-c", script])
    #expect(outcome.ending == .exited(0), "\(outcome.errors)")
    let info = try #require(try JSONLines.parse(outcome.output).first)
    #expect(info["name"] as? String == "other.txt")
    #expect(info["total_length"] as? Int == 9)
    #expect(info["multi_file"] as? Bool == false)
  }

  @Test func resultsAreJSONWhenAsked() async throws {
    let folder = try TemporaryFolder()
    try folder.write("some data", to: "file.txt")
    let made = try await run(["create", "file.txt", "--json", "-q"], in: folder)
    let object = try #require(try JSONLines.parse(made.output).first)
    #expect(object["torrent"] as? String == "file.txt.torrent")
    #expect(object["piece_count"] as? Int == 1)
    try folder.write("some dat!", to: "file.txt")
    let verified = try await run(["verify", "file.txt.torrent", "--json", "-q"], in: folder)
    #expect(verified.ending == .exited(32))
    let report = try #require(try JSONLines.parse(verified.output).first)
    #expect(report["complete"] as? Bool == false)
    #expect(report["bad_pieces"] as? [[Int]] == [[0, 0]])
    let files = try #require(report["bad_files"] as? [[String: Any]])
    #expect(files.first?["fault"] as? String == "data")
  }

  @Test func verifyNamesWhatIsWrongAndChangesNothing() async throws {
    let folder = try TemporaryFolder()
    try tree(in: folder)
    let made = try await run(["create", "tree", "--piece-length", "16K", "-q"], in: folder)
    #expect(made.ending == .exited(0), "\(made.errors)")
    let file = try #require(FileHandle(forUpdatingAtPath: folder.file("tree/z.txt")))
    try file.seek(toOffset: 100_000)
    try file.write(contentsOf: Data("damage".utf8))
    try file.close()
    try FileManager.default.removeItem(atPath: folder.file("tree/empty"))
    let before = try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
    let outcome = try await run(["verify", "tree.torrent"], in: folder)
    #expect(outcome.ending == .exited(32))
    #expect(outcome.output.contains("bad pieces: 6\n"), "\(outcome.output)")
    #expect(outcome.output.contains("  tree/z.txt: 1 bad piece\n"))
    #expect(outcome.output.contains("  tree/empty: missing\n"))
    let after = try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
    #expect(after == before)
    let elsewhere = try await run(["verify", "tree.torrent", "-o", "nowhere"], in: folder)
    #expect(elsewhere.ending == .exited(32))
    #expect(!FileManager.default.fileExists(atPath: folder.file("nowhere")))
  }

  /// A download that was begun in `D` and interrupted: a state file lies beside half the data.
  private func unfinished(_ words: [String] = [], in folder: TemporaryFolder) async throws {
    let scene = try LibraryScene()
    let (seed, address) = try await scene.startSeed()
    let words =
      [scene.torrent, "-o", folder.file("D"), "--peer", address, "--no-tracker", "--json"]
      + ["--limit-down", "50K"] + words
    let run = try ChildProcess(
      [try SwiftTorrentBinary.path()] + words, logsIn: scene.folder.path, label: "begun")
    try await Condition.wait("some of it is there", timeout: .seconds(100)) {
      try JSONLines.parse(run.output).contains { ($0["verified_bytes"] as? Int ?? 0) > 0 }
        || !run.isRunning
    }
    run.signal(SIGTERM)
    let ending = try await run.wait(timeout: .seconds(60))
    #expect(ending == .signalled(SIGTERM), "\(run.errors)")
    await seed.stop()
  }

  @Test func noTorrentIsMadeOfDataThatIsNotAllThere() async throws {
    let folder = try TemporaryFolder()
    try await unfinished(in: folder)
    try folder.write("whole", to: "D/other.txt")
    let state = "D/lib.swift-torrent"
    #expect(FileManager.default.fileExists(atPath: folder.file(state)))
    // The folder around it, the data itself, a file in it, and what the download keeps beside it.
    for path in ["D", "D/lib", "D/lib/a.txt", state] {
      guard FileManager.default.fileExists(atPath: folder.file(path)) else { continue }
      let refused = try await run(["create", path, "--save-torrent", "t.torrent"], in: folder)
      #expect(refused.ending == .exited(32), "\(path): \(refused.output)\(refused.errors)")
      #expect(refused.errors.contains("lib.swift-torrent"), "\(refused.errors)")
      #expect(!FileManager.default.fileExists(atPath: folder.file("t.torrent")))
    }
    // The data beside it is not concerned, and what is left out does not matter.
    let other = try await run(["create", "D/other.txt", "--save-torrent", "o.torrent"], in: folder)
    #expect(other.ending == .exited(0), "\(other.errors)")
    let rest = try await run(
      ["create", "D", "--exclude", "lib", "--save-torrent", "t.torrent"], in: folder)
    #expect(rest.ending == .exited(0), "\(rest.errors)")
    let made = try torrent(folder.file("t.torrent"))
    #expect(made.layout.files.map(\.displayPath) == ["D/other.txt"])
    // To leave out the state file alone is no way to publish half of the data.
    let sly = try await run(
      ["create", "D", "--exclude", "*.swift-torrent*", "--save-torrent", "s.torrent"], in: folder)
    #expect(sly.ending == .exited(32), "\(sly.output)")
  }

  @Test func aDownloadWithoutAFolderOfItsOwnIsFoundToo() async throws {
    let folder = try TemporaryFolder()
    try await unfinished(["--flat", "--select", "*.txt"], in: folder)
    let refused = try await run(["create", "D"], in: folder)
    #expect(refused.ending == .exited(32), "\(refused.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("D.torrent")))
  }

  /// Only what a state file says makes it one, not its name.
  @Test func filesThatAreOnlyCalledLikeOursArePublished() async throws {
    let folder = try TemporaryFolder()
    try folder.makeFolder("D")
    for name in ["notes", "notes.swift-torrent", "notes.swift-torrent-part", "x.swift-torrent~"] {
      try folder.write("mine", to: "D/\(name)")
    }
    let outcome = try await run(["create", "D"], in: folder)
    #expect(outcome.ending == .exited(0), "\(outcome.errors)")
    let made = try torrent(folder.file("D.torrent"))
    #expect(made.layout.files.count == 4)
  }

  @Test func whatCannotBeMadeIsRefusedWithItsStatus() async throws {
    let folder = try TemporaryFolder()
    try tree(in: folder)
    try folder.makeFolder("void")
    try folder.write("there", to: "tree.torrent")
    let cases: [([String], Int32, String)] = [
      (["create", "tree", "--save-torrent", "tree/in.torrent"], 28, "would be inside the folder"),
      (["create", "tree/.", "--save-torrent", "tree/sub/../in.torrent"], 28, "would be inside"),
      (["create", "tree"], 13, "--overwrite"),
      (["create", "nothing"], 3, "no such file"),
      (["create", "void"], 1, "has no data"),
      (["create", "tree", "--piece-length", "3000"], 28, "power of 2"),
      (["create", "tree", "--save-torrent", "none/x.torrent"], 17, "cannot be written"),
      (["create", "/dev/null"], 17, "neither a file nor a folder"),
    ]
    for (words, status, text) in cases {
      let outcome = try await run(words, in: folder)
      #expect(outcome.ending == .exited(status), "\(words): \(outcome.errors)")
      #expect(outcome.errors.contains(text), "\(words): \(outcome.errors)")
    }
    #expect(FileManager.default.contents(atPath: folder.file("tree.torrent")) == Data("there".utf8))
    let replaced = try await run(["create", "tree", "--overwrite"], in: folder)
    #expect(replaced.ending == .exited(0))
    #expect(try torrent(folder.file("tree.torrent")).layout.files.count == 5)
  }
}
