import Foundation
import Metainfo
import Primitives
import TestSupport
import Testing

/// The objects that tell programs of the end of a command, and that they are true.
@Suite(.timeLimit(.minutes(4)))
struct FailureObjectTests {
  private func run(_ words: [String]) async throws -> ProcessRunner.Outcome {
    try await ProcessRunner.run([try SwiftTorrentBinary.path()] + words)
  }

  private static let hash = String(repeating: "ab", count: 20)

  /// Every command that knows `--json`, and command lines that make no sense.
  @Test(arguments: [
    (["info", "/none.torrent"], 3), (["verify", "/none.torrent"], 3),
    (["verify", "/none.torrent", "-o", "/none"], 3), (["create", "/none"], 3),
    (["scrape", "/none.torrent"], 3), (["scrape", "--tracker", "udp://127.0.0.1:9"], 28),
    (["scrape", hash, "--tracker", "http://127.0.0.1:1/announce"], 6), (["-i", "/none"], 3),
    (["/none.torrent", "--log", "/"], 17), (["/none.torrent", "--list"], 3),
    (["info"], 28), (["x.torrent", "--ouput-dir", "y"], 28), (["verfy", "x.torrent"], 28),
    (["tracker"], 28), (["x.torrent", "--on-complete", "mv", "-o", "y"], 28), ([], 28),
  ])
  func aFailureIsAnObject(words: [String], status: Int) async throws {
    // The option stands first, because a hook would take the words that follow.
    let outcome = try await run(["--json"] + words)
    #expect(outcome.ending == .exited(Int32(status)), "\(outcome.errors)")
    let objects = try JSONLines.parse(outcome.output)
    let failure = try #require(objects.last, "\(outcome.errors)")
    #expect(objects.count == 1)
    #expect(failure["event"] as? String == "failed")
    #expect(failure["status"] as? Int == status)
    let message = try #require(failure["message"] as? String)
    #expect(outcome.errors.contains(message))
    #expect(failure.keys.sorted() == ["event", "hint", "message", "source", "status"])
    let without = try await run(words)
    #expect(without.output.isEmpty)
  }

  @Test func aDownloadThatFailsSaysSoAndSumsUp() async throws {
    let outcome = try await run(["/none.torrent", "/no.torrent", "--json"])
    #expect(outcome.ending == .exited(3))
    let events = try JSONLines.parse(outcome.output)
    #expect(
      events.map { $0["event"] as? String } == ["run", "failed", "failed", "summary"]
        && events.last?["status"] as? Int == 3, "\(outcome.output)")
  }

  /// The data is there whether the hook fails or not; programs that wait for it are told so.
  @Test func completedComesBeforeAHookThatFails() async throws {
    let folder = try TemporaryFolder()
    let content = [UInt8](repeating: 3, count: 20000)
    let bytes = TorrentBuilder(name: "data", pieceLength: 16384).torrent(content: content)
    let torrent = folder.file("data.torrent")
    try Data(bytes).write(to: URL(fileURLWithPath: torrent))
    try Data(content).write(to: URL(fileURLWithPath: folder.file("data")))
    let outcome = try await ProcessRunner.run([
      "sh", "-c",
      "cd '\(folder.path)' && exec '\(try SwiftTorrentBinary.path())' data.torrent --no-tracker "
        + "--json --on-complete false",
    ])
    #expect(outcome.ending == .exited(1))
    let events = try JSONLines.parse(outcome.output)
    #expect(events.suffix(3).map { $0["event"] as? String } == ["completed", "failed", "summary"])
    let completed = try #require(events.dropLast(2).last)
    #expect(completed["name"] as? String == "data")
    #expect(
      completed["info_hash"] as? String == (try TorrentMetainfo(bytes: bytes).infoHash.description))
    let path = try #require(completed["path"] as? String)
    #expect(path.hasPrefix("/") && FileManager.default.contents(atPath: path) == Data(content))
    #expect(events.last?["status"] as? Int == 1)
    #expect(events.last?["failed"] as? Int == 1)
  }

  /// A signal that comes when everything is done still decides how the process ends.
  @Test func theSummaryTellsOfASignalThatComesDuringTheLastHook() async throws {
    let folder = try TemporaryFolder()
    let content = [UInt8](repeating: 3, count: 20000)
    let bytes = TorrentBuilder(name: "data", pieceLength: 16384).torrent(content: content)
    let torrent = folder.file("data.torrent")
    try Data(bytes).write(to: URL(fileURLWithPath: torrent))
    try Data(content).write(to: URL(fileURLWithPath: folder.file("data")))
    let process = try ChildProcess(
      [
        try SwiftTorrentBinary.path(), torrent, "-o", folder.path, "--no-tracker", "--json",
        "--on-complete", "sh", "-c", "trap 'exit 0' TERM; kill -TERM $PPID; while :; do :; done",
      ], logsIn: folder.path, label: "run")
    let ending = try await process.wait(timeout: .seconds(30))
    #expect(ending == .signalled(SIGTERM))
    let summary = try #require(try JSONLines.parse(process.output).last)
    #expect(summary["completed"] as? Int == 1)
    #expect(summary["status"] as? Int == 143)
    #expect(summary["interrupted"] as? Bool == true)
  }

  @Test func emptyFilesAreCompletedToo() async throws {
    let scene = try OwnSwarmScene(size: 100)
    var builder = TorrentBuilder(name: "few", pieceLength: 16384)
    builder.addFile(path: ["empty"], length: 0)
    builder.addFile(path: ["full"], length: 5)
    builder.addFile(path: ["not wanted"], length: 0)
    try Data(builder.torrent(content: [1, 2, 3, 4, 5]))
      .write(to: URL(fileURLWithPath: scene.torrent))
    let have = try scene.folder.makeFolder("have/few")
    for name in ["empty", "not wanted"] { try scene.folder.write("", to: "have/few/\(name)") }
    try Data([1, 2, 3, 4, 5]).write(to: URL(fileURLWithPath: "\(have)/full"))
    let (tracker, url) = try await scene.startTracker()
    let seed = try scene.start(
      ["seed", scene.torrent, "-o", scene.folder.file("have"), "--tracker", url, "--json"],
      label: "seed")
    let run = try scene.start(
      [
        scene.torrent, "-o", scene.folder.file("want"), "--tracker", url, "--json", "--exclude",
        "not wanted",
      ], label: "run")
    let ending = try await run.wait(timeout: .seconds(60))
    #expect(ending == .exited(0), "\(run.errors)")
    let files = try JSONLines.parse(run.output).filter {
      $0["event"] as? String == "file-completed"
    }
    #expect(files.map { $0["number"] as? Int } == [1, 2])
    #expect(files.map { $0["length"] as? Int } == [0, 5])
    for process in [seed, tracker] { await process.stop() }
    #expect(!seed.output.contains("file-completed"), "what is only served is not completed")
  }
}
