import Foundation
import Metainfo
import TestSupport
import Testing

/// The program's messages, and the streams that they go to.
@Suite(.timeLimit(.minutes(5)))
struct StreamTests {
  /// Data that is there already, so that a run ends by itself, and at once.
  private func completeScene(name: String = "whole") throws -> (TemporaryFolder, words: [String]) {
    let folder = try TemporaryFolder()
    let have = try folder.makeFolder("have")
    let content = [UInt8](repeating: 1, count: 40000)
    let bytes = TorrentBuilder(name: name, pieceLength: 16384).torrent(content: content)
    let torrent = folder.file("whole.torrent")
    try Data(bytes).write(to: URL(fileURLWithPath: torrent))
    let path = "\(have)/\(try TorrentMetainfo(bytes: bytes).name)"
    try Data(content).write(to: URL(fileURLWithPath: path))
    return (folder, [try SwiftTorrentBinary.path(), torrent, "-o", have, "--no-tracker"])
  }

  @Test func eventsAreOneValidObjectALineWhateverTheNameHolds() async throws {
    let (folder, words) = try completeScene(name: "e\u{1B}[31m\"\\ \u{202E}日本 🎬")
    defer { withExtendedLifetime(folder) {} }
    let outcome = try await ProcessRunner.run(words + ["--json"])
    #expect(outcome.ending == .exited(0), "\(outcome.errors)")
    let events = try JSONLines.parse(outcome.output)
    let names = events.compactMap { $0["event"] as? String }
    #expect(names.first == "run")
    #expect(names.last == "summary")
    #expect(names.contains("metadata") && names.contains("started") && names.contains("checked"))
    let completed = try #require(events.first { $0["event"] as? String == "completed" })
    #expect(completed["already_complete"] as? Bool == true)
    #expect(!outcome.output.contains("\u{1B}"))
    #expect(!outcome.errors.contains("\u{1B}"))
  }

  @Test func quietSaysNothingOfASuccess() async throws {
    let (folder, words) = try completeScene()
    defer { withExtendedLifetime(folder) {} }
    let outcome = try await ProcessRunner.run(words + ["-q"])
    #expect(outcome.ending == .exited(0))
    #expect(outcome.output.isEmpty)
    #expect(outcome.errors.isEmpty)
  }

  @Test func aPipeGetsPlainLinesAndASummary() async throws {
    let (folder, words) = try completeScene()
    defer { withExtendedLifetime(folder) {} }
    let outcome = try await ProcessRunner.run(words)
    #expect(outcome.errors.contains("whole: already complete, 39.1 KiB verified\n"))
    #expect(outcome.output.isEmpty)
    #expect(!outcome.errors.contains("\u{1B}"))
    let forced = try await ProcessRunner.run(words + ["--progress", "bar", "--color", "always"])
    #expect(forced.errors.contains("\u{1B}[?25l"))
    #expect(forced.errors.contains("\u{1B}[?25h"))
  }

  @Test func theLogTellsWhatTheTerminalIsSpared() async throws {
    let (folder, words) = try completeScene()
    let log = folder.file("log.txt")
    for _ in 0..<2 {
      let outcome = try await ProcessRunner.run(words + ["-q", "--log", log])
      #expect(outcome.ending == .exited(0), "\(outcome.errors)")
    }
    let text = String(decoding: FileManager.default.contents(atPath: log) ?? Data(), as: UTF8.self)
    let line = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC  whole: already complete.*/
    #expect(text.matches(of: line).count == 2, "\(text)")
    let failed = try await ProcessRunner.run(words + ["--log", folder.path])
    #expect(failed.ending == .exited(17))
    #expect(failed.errors.contains("the log"))
  }

  /// As with any filter, a reader that reads no more ends the run, and progress is saved.
  @Test func aReaderOfEventsThatGoesEndsTheRun() async throws {
    let folder = try TemporaryFolder()
    let bytes = TorrentBuilder(name: "lonely", pieceLength: 16384)
      .torrent(content: [UInt8](repeating: 1, count: 40000))
    let torrent = folder.file("x.torrent")
    try Data(bytes).write(to: URL(fileURLWithPath: torrent))
    let command =
      "'\(try SwiftTorrentBinary.path())' '\(torrent)' -o '\(folder.path)/out' --json -q "
      + "--port 0 --peer 127.0.0.1:9; echo $? >'\(folder.path)/status'"
    let outcome = try await ProcessRunner.run(
      ["sh", "-c", "{ \(command); } | head -n 1"], timeout: .seconds(30))
    #expect(outcome.output.contains("\"schema\":1"))
    let path = folder.file("status")
    try await Condition.wait("the run has ended", timeout: .seconds(10)) {
      FileManager.default.contents(atPath: path)?.isEmpty == false
    }
    let status = FileManager.default.contents(atPath: path) ?? Data()
    #expect(String(decoding: status, as: UTF8.self) == "141\n")
  }

  @Test func aUsageErrorIsAMessageAndOneUsageLine() async throws {
    let cases = [
      ["x", "--ouput-dir", "y"], ["x", "--memory", "0"], ["x", "-q", "-v"], [], ["verify"],
      ["create", "a", "b"], ["completions", "csh"], ["x", "-o", "a", "-o", "b"], ["-", "-"],
    ]
    for words in cases {
      let outcome = try await ProcessRunner.run([try SwiftTorrentBinary.path()] + words)
      #expect(outcome.ending == .exited(28), "\(words)")
      #expect(outcome.output.isEmpty)
      let lines = outcome.errors.split(separator: "\n")
      #expect(lines.count == 2, "\(outcome.errors)")
      #expect(lines.first?.hasPrefix("swift-torrent: error: ") == true)
      #expect(lines.last?.hasPrefix("  usage: swift-torrent ") == true)
    }
  }
}
