import Foundation
import Metainfo
import TestSupport
import Testing

/// The program on a terminal.
@Suite(.timeLimit(.minutes(5)))
struct TerminalTests {
  private static let hide = "\u{1B}[?25l"
  private static let show = "\u{1B}[?25h"

  /// A download that nobody serves, on a terminal.
  private func start(
    _ folder: TemporaryFolder, _ terminal: PseudoTerminal, name: String = "lonely",
    _ words: [String] = [], environment: [String: String] = [:]
  ) throws -> ChildProcess {
    let bytes = TorrentBuilder(name: name, pieceLength: 16384)
      .torrent(content: [UInt8](repeating: 1, count: 40000))
    let torrent = folder.file("x.torrent")
    try Data(bytes).write(to: URL(fileURLWithPath: torrent))
    return try ChildProcess(
      [
        try SwiftTorrentBinary.path(), torrent, "-o", folder.file("out"), "--peer", "127.0.0.1:9",
        "--no-tracker",
      ] + words, logsIn: folder.path, label: "run",
      // `swift test` sets NO_COLOR when its own output is no terminal; empty is as good as not set.
      environment: ["TERM": "xterm", "NO_COLOR": ""].merging(environment) { $1 },
      terminal: terminal)
  }

  private func waitForView(_ process: ChildProcess) async throws {
    try await Condition.wait("the live view is there", timeout: .seconds(60)) {
      process.errors.contains("0.0 %") || !process.isRunning
    }
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP, SIGQUIT])
  func aSignalLeavesTheTerminalAsItWas(signal: Int32) async throws {
    let folder = try TemporaryFolder()
    let process = try start(folder, try PseudoTerminal(columns: 80, rows: 24))
    try await waitForView(process)
    process.signal(signal)
    let ending = try await process.wait(timeout: .seconds(30))
    #expect(ending == .signalled(signal))
    let text = process.errors
    let hidden = try #require(text.range(of: Self.hide), "\(text)")
    let shown = try #require(text.range(of: Self.show, options: .backwards), "\(text)")
    #expect(hidden.upperBound <= shown.lowerBound)
    #expect(text.contains("interrupted"))
  }

  @Test func aPauseGivesTheCursorBackAndTakesItAgain() async throws {
    let folder = try TemporaryFolder()
    let process = try start(folder, try PseudoTerminal(columns: 80, rows: 24))
    try await waitForView(process)
    process.signal(SIGTSTP)
    try await Condition.wait("the cursor is back", timeout: .seconds(60)) {
      process.errors.contains(Self.show)
    }
    // It may stop only after it was told to go on; then it has to be told again.
    try await Condition.wait("the view is drawn again, further down", timeout: .seconds(60)) {
      process.signal(SIGCONT)
      let after = process.errors.components(separatedBy: Self.show).last ?? ""
      return after.contains(Self.hide) && after.contains("0.0 %")
    }
    let text = process.errors.components(separatedBy: Self.show + "\r\n").last ?? ""
    let drawn = text.range(of: "lonely").map { text[..<$0.lowerBound] } ?? ""
    #expect(!drawn.contains("A"), "nothing above is drawn over: \(drawn)")
    process.signal(SIGHUP)
    let ending = try await process.wait(timeout: .seconds(30))
    #expect(ending == .signalled(SIGHUP))
    #expect(process.errors.components(separatedBy: Self.show).count == 3)
  }

  /// Under nohup(1) a run outlives its terminal.
  @Test func aHangUpThatIsIgnoredStaysIgnored() async throws {
    let folder = try TemporaryFolder()
    let bytes = TorrentBuilder(name: "lonely", pieceLength: 16384)
      .torrent(content: [UInt8](repeating: 1, count: 40000))
    try Data(bytes).write(to: URL(fileURLWithPath: folder.file("x.torrent")))
    let process = try ChildProcess(
      [
        "nohup", try SwiftTorrentBinary.path(), folder.file("x.torrent"), "-o", folder.file("out"),
        "--peer", "127.0.0.1:9", "--no-tracker", "--json",
      ], logsIn: folder.path, label: "run")
    try await Condition.wait("it runs", timeout: .seconds(60)) {
      process.output.contains("\"listening\"") || !process.isRunning
    }
    process.signal(SIGHUP)
    let count = process.output.components(separatedBy: "\"progress\"").count
    try await Condition.wait("it goes on", timeout: .seconds(60)) {
      process.output.components(separatedBy: "\"progress\"").count > count + 2
        || !process.isRunning
    }
    #expect(process.isRunning, "\(process.errors)")
    await process.stop()
  }

  @Test func aFailureLeavesTheTerminalAsItWas() async throws {
    let folder = try TemporaryFolder()
    try folder.makeFolder("out")
    try folder.write("somebody else's", to: "out/lonely")
    let process = try start(folder, try PseudoTerminal(columns: 80, rows: 24))
    let ending = try await process.wait(timeout: .seconds(60))
    #expect(ending == .exited(13))
    let text = process.errors
    #expect(text.contains(Self.hide) && text.hasSuffix(Self.show) || text.contains(Self.show))
  }

  @Test func colourIsUsedOnATerminalUnlessItIsUnwanted() async throws {
    let green = "\u{1B}[32m"
    for (words, environment, isWanted) in [
      ([], [:], true), ([], ["NO_COLOR": "1"], false), (["--color", "never"], [:], false),
      (["--color", "always"], ["NO_COLOR": "1"], true),
    ] as [([String], [String: String], Bool)] {
      let folder = try TemporaryFolder()
      let process = try start(
        folder, try PseudoTerminal(columns: 120, rows: 24), words,
        environment: environment)
      try await waitForView(process)
      if isWanted {
        try await Condition.wait("colour is there", timeout: .seconds(60)) {
          process.errors.contains(green)
        }
      }
      #expect(process.errors.contains(green) == isWanted, "\(words) \(environment)")
      await process.stop()
    }
  }

  @Test func theViewFollowsTheWindow() async throws {
    let folder = try TemporaryFolder()
    let terminal = try PseudoTerminal(columns: 120, rows: 24)
    let process = try start(folder, terminal, name: "日本語の名前", ["--color", "never"])
    try await waitForView(process)
    #expect(process.errors.contains("日本語の名前  ["))
    terminal.resize(columns: 30, rows: 24)
    // Each row of the view ends with an erased rest, and must not reach the last column. A frame for
    // the old width may still be under way when the window changes.
    let rows = { process.errors.components(separatedBy: "\u{1B}[K").dropLast().map(Self.lastLine) }
    let isNarrow = { (row: String) in row.count < 60 && row.contains("0.0 %") }
    try await Condition.wait("the view is drawn anew", timeout: .seconds(60)) {
      rows().contains(where: isNarrow)
    }
    for row in rows().drop(while: { !isNarrow($0) }) {
      #expect(row.count < 60, "\(row)")
    }
    await process.stop()
  }

  private static func lastLine(_ text: String) -> String {
    text.components(separatedBy: CharacterSet(charactersIn: "\r\n")).last ?? ""
  }

  @Test func aTerminalCanBeGivenPlainLinesOrNone() async throws {
    let (plain, none) = (try TemporaryFolder(), try TemporaryFolder())
    for (folder, style) in [(plain, "plain"), (none, "none")] {
      let process = try start(
        folder, try PseudoTerminal(columns: 80, rows: 24), ["--progress", style])
      try await Condition.wait("it has started", timeout: .seconds(60)) {
        process.errors.contains("lonely") || !process.isRunning
      }
      await process.stop()
      #expect(!process.errors.contains("\u{1B}"), "\(process.errors)")
    }
  }
}
