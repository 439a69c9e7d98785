import Foundation
import Metainfo
import Primitives
import TestSupport
import Testing

/// The sources of torrents, the hooks after a download, and the scrapes of trackers.
@Suite(.timeLimit(.minutes(5)))
struct SourceTests {
  private func run(_ words: [String]) async throws -> ProcessRunner.Outcome {
    try await ProcessRunner.run([try SwiftTorrentBinary.path()] + words)
  }

  /// Data that is there already, and its torrent.
  private func completeScene() throws -> (folder: TemporaryFolder, torrent: String, have: String) {
    let folder = try TemporaryFolder()
    let have = try folder.makeFolder("have")
    let content = [UInt8](repeating: 1, count: 40000)
    try Data(content).write(to: URL(fileURLWithPath: "\(have)/whole file"))
    let torrent = folder.file("x.torrent")
    let bytes = TorrentBuilder(name: "whole file", pieceLength: 16384).torrent(content: content)
    try Data(bytes).write(to: URL(fileURLWithPath: torrent))
    return (folder, torrent, have)
  }

  @Test func aTorrentCanComeFromStandardInput() async throws {
    let (folder, torrent, have) = try completeScene()
    defer { withExtendedLifetime(folder) {} }
    let program = try SwiftTorrentBinary.path()
    let outcome = try await ProcessRunner.run(
      ["sh", "-c", "'\(program)' - -o '\(have)' --no-tracker < '\(torrent)'"])
    #expect(outcome.ending == .exited(0), "\(outcome.errors)")
    #expect(outcome.errors.contains("already complete"))
  }

  @Test(.enabled(if: ProcessRunner.find("python3") != nil, "python3 is not installed"))
  func aTorrentCanComeFromAURL() async throws {
    let (folder, _, have) = try completeScene()
    let server = try ChildProcess(
      [
        "python3", "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory",
        folder.path,
      ], logsIn: folder.path, label: "server")
    try await Condition.wait("the server listens", timeout: .seconds(20)) {
      server.output.contains("port ") || !server.isRunning
    }
    let port = try #require(server.output.firstMatch(of: /port (\d+)/)?.1)
    let base = "http://127.0.0.1:\(port)"
    let outcome = try await run(["\(base)/x.torrent", "-o", have, "--no-tracker"])
    #expect(outcome.ending == .exited(0), "\(outcome.errors)")
    let missing = try await run(["\(base)/none.torrent", "-o", have])
    #expect(missing.ending == .exited(3))
    #expect(missing.errors.contains("no such file (404)"))
    let info = try await run(["info", "\(base)/x.torrent"])
    #expect(info.output.contains("name:       whole file\n"))
    await server.stop()
    let unreachable = try await run(["\(base)/x.torrent", "-o", have])
    #expect(unreachable.ending == .exited(6), "\(unreachable.errors)")
  }

  @Test func aServerThatHangsIsLeftWithinTwoSecondsOfASignal() async throws {
    let folder = try TemporaryFolder()
    let silent = try SilentServer()
    let process = try ChildProcess(
      [
        try SwiftTorrentBinary.path(), "http://127.0.0.1:\(silent.port)/x.torrent", "--json", "-o",
        folder.file("out"),
      ], logsIn: folder.path, label: "run")
    try await Condition.wait("it has begun", timeout: .seconds(20)) {
      process.output.contains("schema") || !process.isRunning
    }
    process.signal(SIGINT)
    let ending = try await process.wait(timeout: .milliseconds(2500))
    #expect(ending == .signalled(SIGINT), "\(process.errors)")
    #expect(process.output.contains("\"stopped\""))
  }

  @Test func theFilesAreListedWithTheirNumbers() async throws {
    let (folder, torrent, _) = try completeScene()
    defer { withExtendedLifetime(folder) {} }
    let list = try await run([torrent, torrent, "--list"])
    #expect(list.ending == .exited(0))
    #expect(list.output.contains("1  39.1 KiB  whole file\n"))
    let json = try await run([torrent, "/none", torrent, "--list", "--json"])
    #expect(json.ending == .exited(3))
    let objects = try JSONLines.parse(json.output)
    #expect(objects.compactMap { $0["source"] as? Int } == [1, 2, 3])
    #expect(objects.map { $0["status"] as? Int } == [nil, 3, nil])
  }

  // MARK: - Hooks

  @Test func theHookGetsTheFactsAndItsOutputIsNoResult() async throws {
    let (folder, torrent, have) = try completeScene()
    let outcome = try await run([
      torrent, "-o", have, "--no-tracker", "--json", "--on-complete", "sh", "-c",
      "env | grep ^SWIFT_TORRENT_ | grep -Ev BINARY\\|REQUIRE | sort; echo \"$1\"", "sh", "a b",
      ";", "-q",
    ])
    #expect(outcome.ending == .exited(0), "\(outcome.errors)")
    let bytes = Array(FileManager.default.contents(atPath: torrent) ?? Data())
    let hash = try TorrentMetainfo(bytes: bytes).infoHash
    #expect(
      outcome.errors == """
        SWIFT_TORRENT_BYTES=40000
        SWIFT_TORRENT_INFO_HASH=\(hash)
        SWIFT_TORRENT_NAME=whole file
        SWIFT_TORRENT_PATH=\(have)/whole file
        SWIFT_TORRENT_SOURCE=\(torrent)
        a b

        """)
    #expect(try JSONLines.parse(outcome.output).last?["event"] as? String == "summary")
    withExtendedLifetime(folder) {}
  }

  @Test func aHookThatFailsEndsWith1() async throws {
    let (folder, torrent, have) = try completeScene()
    for (command, words) in [
      (["false"], "exited with status 1"), (["/nowhere/x"], "could not be run"),
      (["sh", "-c", "kill -9 $$"], "was killed by signal 9"),
    ] {
      let outcome = try await run(
        [torrent, "-o", have, "--no-tracker", "--on-complete"] + command)
      #expect(outcome.ending == .exited(1))
      #expect(outcome.errors.contains(words), "\(outcome.errors)")
    }
    withExtendedLifetime(folder) {}
  }

  @Test func aHookThatHangsIsEndedWithTheRun() async throws {
    let (folder, torrent, have) = try completeScene()
    let process = try ChildProcess(
      [
        try SwiftTorrentBinary.path(), torrent, "-o", have, "--no-tracker", "--on-complete", "sh",
        "-c", "echo running; exec sleep 100",
      ], logsIn: folder.path, label: "run")
    try await Condition.wait("the hook runs", timeout: .seconds(20)) {
      process.errors.contains("running") || !process.isRunning
    }
    process.signal(SIGTERM)
    let ending = try await process.wait(timeout: .milliseconds(2500))
    #expect(ending == .signalled(SIGTERM), "\(process.errors)")
  }

  // MARK: - Scrape

  @Test func trackersAreAskedForTheSizeOfSwarms() async throws {
    let scene = try OwnSwarmScene()
    let (tracker, url) = try await scene.startTracker()
    let seed = try scene.start(
      ["seed", "--tracker", url, "-o", scene.folder.file("have"), scene.torrent], label: "seed")
    let hash = scene.metainfo.infoHash.description
    try await Condition.wait("the seed is known", timeout: .seconds(20)) {
      try await run(["scrape", scene.torrent, "--tracker", url]).output.contains("1 seeding")
    }
    let text = try await run(["scrape", scene.torrent, url])
    #expect(text.output == "\(hash)  data.bin  \(url)  1 seeding, 0 downloading, 0 completed\n")
    let other = String(repeating: "ab", count: 20)
    let json = try await run(["scrape", url, hash, other, "--json"])
    #expect(json.ending == .exited(0))
    let objects = try JSONLines.parse(json.output)
    #expect(objects.map { $0["known"] as? Bool }.first == true)
    #expect(objects.first?["seeders"] as? Int == 1)
    #expect(objects.count == 2)
    // The same tracker serves UDP at the same port.
    let overUDP = url.replacing("http:", with: "udp:")
    let asked = try await run(["scrape", overUDP, hash])
    #expect(asked.output == "\(hash)  \(overUDP)  1 seeding, 0 downloading, 0 completed\n")
    let unnamed = try await run(["scrape", "--tracker", overUDP])
    #expect(unnamed.ending == .exited(28), "\(unnamed.errors)")
    let all = try await run(["scrape", url])
    #expect(all.ending == .exited(0) && all.output.contains(hash), "\(all.output) \(all.errors)")
    for process in [seed, tracker] { await process.stop() }
    let gone = try await run(["scrape", url, hash])
    #expect(gone.ending == .exited(6))
    let nobody = try await run(["scrape", scene.torrent])
    #expect(nobody.ending == .exited(28))
  }
}
