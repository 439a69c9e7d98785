import Foundation
import Metainfo
import TestSupport
import Testing

/// The effects of the words of a command line in the program itself.
@Suite(.timeLimit(.minutes(5)))
struct CommandLineTests {
  private func run(
    _ words: [String], in folder: TemporaryFolder
  ) async throws -> ProcessRunner.Outcome {
    let program = try SwiftTorrentBinary.path()
    return try await ProcessRunner.run(
      ["bash", "-c", "cd '\(folder.path)' && exec \"$0\" \"$@\"", program] + words)
  }

  /// Two files, and a torrent of each.
  private func scene() async throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.makeFolder("have")
    for name in ["one", "two"] {
      try folder.write(String(repeating: name, count: 20000), to: "have/\(name)")
      let outcome = try await run(["create", "have/\(name)", "-q"], in: folder)
      #expect(outcome.ending == .exited(0), "\(outcome.errors)")
    }
    return folder
  }

  private func torrent(_ path: String) throws -> TorrentMetainfo {
    try TorrentMetainfo(bytes: Array(FileManager.default.contents(atPath: path) ?? Data()))
  }

  // MARK: - Several torrents

  @Test func severalTorrentsAreDescribedOneAfterTheOther() async throws {
    let folder = try await scene()
    let outcome = try await run(["info", "one.torrent", "two.torrent"], in: folder)
    #expect(outcome.ending == .exited(0), "\(outcome.errors)")
    #expect(outcome.output.contains("name:       one\n"))
    #expect(outcome.output.contains("\n\nname:       two\n"))
    try folder.write("two.torrent\n", to: "list")
    let json = try await run(
      ["info", "one.torrent", "missing", "-i", "list", "--json"], in: folder)
    #expect(json.ending == .exited(3))
    #expect(json.errors.contains("missing"))
    let names = try JSONLines.parse(json.output).compactMap { $0["name"] as? String }
    #expect(names == ["one", "two"])
  }

  @Test func severalTorrentsAreVerifiedWhateverBecomesOfOne() async throws {
    let folder = try await scene()
    let good = try await run(["verify", "one.torrent", "two.torrent", "-o", "have"], in: folder)
    #expect(good.ending == .exited(0), "\(good.errors)")
    #expect(good.output.contains("one: ") && good.output.contains("two: "))
    try folder.write("other", to: "have/one")
    let bad = try await run(["verify", "one.torrent", "two.torrent", "-o", "have"], in: folder)
    #expect(bad.ending == .exited(32))
    #expect(bad.output.contains("one: ") && bad.output.contains("two: "))
    // A list names folders of its own.
    try folder.write("two.torrent\thave\n", to: "list")
    let list = try await run(["verify", "-i", "list"], in: folder)
    #expect(list.ending == .exited(0), "\(list.errors)\(list.output)")
  }

  // MARK: - New torrents

  @Test func createTakesAFileOrAFolderForItsTorrent() async throws {
    let folder = try await scene()
    try folder.makeFolder("out")
    for (words, path) in [
      (["-o", "x.torrent"], "x.torrent"), (["-qo", "out"], "out/one.torrent"),
      (["--name", "n", "-o", "out/"], "out/n.torrent"), (["--output", "y"], "y"),
      (["--save-torrent", "out", "--name", "z"], "out/z.torrent"),
    ] {
      let outcome = try await run(["create", "have/one"] + words, in: folder)
      #expect(outcome.ending == .exited(0), "\(words): \(outcome.errors)")
      #expect(FileManager.default.fileExists(atPath: folder.file(path)), "\(path)")
    }
    let inside = try await run(["create", "have", "-o", "have"], in: folder)
    #expect(inside.ending == .exited(28))
    #expect(inside.errors.contains("-o FILE"), "\(inside.errors)")
    let saved = try await run(["info", "one.torrent", "--save-torrent", "have"], in: folder)
    #expect(saved.ending == .exited(0), "\(saved.errors)")
    #expect(FileManager.default.fileExists(atPath: folder.file("have/one.torrent")))
  }

  @Test func infoAndCreateGiveTheMagnetLink() async throws {
    let folder = try await scene()
    let words = [
      "create", "have/one", "--name", "a&b #1+ü.txt", "-o", "m.torrent", "--tracker",
      "http://t.example/announce?key=1&x=2", "--web-seed",
      "http://w.example/a b".replacing(" ", with: "%20"),
    ]
    let made = try await run(words, in: folder)
    #expect(made.ending == .exited(0), "\(made.errors)")
    let torrent = try torrent(folder.file("m.torrent"))
    let link =
      "magnet:?xt=urn:btih:\(torrent.infoHash)&dn=a%26b%20%231%2B%C3%BC.txt&xl=60000"
      + "&tr=http%3A%2F%2Ft.example%2Fannounce%3Fkey%3D1%26x%3D2"
      + "&ws=http%3A%2F%2Fw.example%2Fa%2520b"
    #expect(made.output == "\(torrent.infoHash)  m.torrent\n\(link)\n")
    let info = try await run(["info", "m.torrent"], in: folder)
    #expect(info.output.contains("magnet:     \(link)\n"), "\(info.output)")
    for command in [["info", "m.torrent"], words + ["--overwrite"]] {
      let json = try await run(command + ["--json"], in: folder)
      let magnet = try #require(try JSONLines.parse(json.output).first?["magnet"] as? String)
      #expect(
        try MagnetLink(magnet).infoHash == (try self.torrent(folder.file("m.torrent"))).infoHash)
      #expect(magnet.contains("&dn=a%26b%20%231%2B%C3%BC.txt&"))
    }
  }

  // MARK: - Bad input

  @Test func whatIsNoTorrentIsNamedForWhatItLooksLike() async throws {
    let folder = try TemporaryFolder()
    let cases: [([UInt8], String)] = [
      (Array("<!DOCTYPE html>".utf8), "an HTML page"), ([0x1F, 0x8B, 8, 0], "a gzip file"),
      ([0x50, 0x4B, 3, 4], "a zip file"), ([], "is empty"), (Array("{}".utf8), "a JSON document"),
      (Array("magnet:?xt=urn:btih:x".utf8), "a magnet link"),
      ([0xFF, 0xFE, 0x64, 0, 0x38, 0], "UTF-16"),
    ]
    for (bytes, words) in cases {
      let path = folder.file("bad.torrent")
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      for command in [["info"], ["verify"], []] {
        let outcome = try await run(command + ["bad.torrent"], in: folder)
        #expect(outcome.ending == .exited(25), "\(words): \(outcome.errors)")
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
      }
    }
    let tree = try await run(["info", "."], in: folder)
    #expect(tree.ending == .exited(17))
    #expect(tree.errors.contains("is a folder"))
    let ftp = try await run(["ftp://host/x.torrent"], in: folder)
    #expect(ftp.ending == .exited(28))
    #expect(ftp.errors.contains("ftp:// URLs are not supported"), "\(ftp.errors)")
  }

  // MARK: - Names of hosts and interfaces

  @Test func hostsAndInterfacesHaveNames() async throws {
    let folder = try await scene()
    let program = try SwiftTorrentBinary.path()
    let seed = try ChildProcess(
      [
        program, "seed", folder.file("one.torrent"), "-o", folder.file("have"), "--bind", "lo",
        "--no-dht",
      ], logsIn: folder.path, label: "seed")
    try await Condition.wait("the seed listens", timeout: .seconds(20)) {
      seed.errors.contains("on port ") || !seed.isRunning
    }
    let port = try #require(seed.errors.firstMatch(of: /on port (\d+)/)?.1, "\(seed.errors)")
    let outcome = try await run(
      ["one.torrent", "-o", "want", "--peer", "localhost:\(port)", "--bind", "lo"], in: folder)
    #expect(outcome.ending == .exited(0), "\(outcome.errors)")
    await seed.stop()
    let tracker = try ChildProcess(
      [program, "tracker", "--listen", "localhost:0"], logsIn: folder.path, label: "tracker")
    try await Condition.wait("the tracker listens", timeout: .seconds(20)) {
      tracker.output.contains("udp://") || !tracker.isRunning
    }
    #expect(
      tracker.output.contains("http://127.0.0.1:") || tracker.output.contains("http://[::1]:"))
    await tracker.stop()
  }

  @Test func namesThatStandForNothingEndWith6() async throws {
    let folder = try await scene()
    for (words, text) in [
      (["--bind", "nope0"], "no network interface nope0"),
      (["--peer", "nowhere.invalid:6881"], "--peer nowhere.invalid:6881"),
    ] {
      let outcome = try await run(["one.torrent", "-o", "want"] + words, in: folder)
      #expect(outcome.ending == .exited(6), "\(outcome.errors)")
      #expect(outcome.errors.contains(text), "\(outcome.errors)")
    }
    let tracker = try await run(["tracker", "--listen", "nowhere.invalid:0"], in: folder)
    #expect(tracker.ending == .exited(6), "\(tracker.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("want")))
  }

  /// A tracker without a path is refused on this machine by the rule about paths.
  @Test func aLocalTrackerWithoutAPathLeadsToTheOptionThatAllowsIt() async throws {
    let folder = try await scene()
    let silent = try SilentServer()
    let outcome = try await run(
      [
        "one.torrent", "-o", "want", "--tracker", "http://127.0.0.1:\(silent.port)",
        "--peers-timeout", "1s",
      ], in: folder)
    #expect(outcome.ending == .exited(6), "\(outcome.errors)")
    #expect(
      outcome.errors.contains("begin with /announce or /scrape; --allow-local-urls"),
      "\(outcome.errors)")
    let scrape = try await run(
      ["scrape", "one.torrent", "--tracker", "http://127.0.0.1:\(silent.port)/x/announce"],
      in: folder)
    #expect(scrape.ending == .exited(6))
    #expect(scrape.errors.contains("--allow-local-urls"), "\(scrape.errors)")
  }

  @Test func theVersionHasAShortOption() async throws {
    let folder = try TemporaryFolder()
    let outcome = try await run(["-V"], in: folder)
    #expect(outcome.output == "swift-torrent 0.1.0\n")
  }
}
