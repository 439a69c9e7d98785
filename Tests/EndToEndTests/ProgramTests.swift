import Foundation
import Metainfo
import TestSupport
import Testing

/// The program itself, run as a user or a script would run it.
@Suite(.timeLimit(.minutes(5)))
struct ProgramTests {
  private func run(_ arguments: String...) async throws -> ProcessRunner.Outcome {
    try await ProcessRunner.run([try SwiftTorrentBinary.path()] + arguments)
  }

  /// A torrent that no peer has: a download of it waits until it is interrupted.
  private func lonelyTorrent(in folder: TemporaryFolder) throws -> String {
    let builder = TorrentBuilder(name: "lonely", pieceLength: 16384)
    let bytes = builder.torrent(content: [UInt8](repeating: 1, count: 40000))
    let path = folder.file("lonely.torrent")
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return path
  }

  @Test func helpAndVersionAreResults() async throws {
    let help = try await run("--help")
    #expect(help.ending == .exited(0))
    #expect(help.output.contains("Exit status:"))
    #expect(help.errors.isEmpty)
    let version = try await run("--version")
    #expect(version.output == "swift-torrent 0.1.0\n")
  }

  @Test func aCommandLineThatMakesNoSenseEndsWith28() async throws {
    let outcome = try await run("x.torrent", "--ouput-dir", "y")
    #expect(outcome.ending == .exited(28))
    #expect(outcome.output.isEmpty)
    let complaint = "unknown option --ouput-dir; did you mean --output-dir?\n"
    #expect(outcome.errors.hasPrefix("swift-torrent: error: \(complaint)"))
  }

  @Test(arguments: ["info", "seed", "download"])
  func aTorrentThatDoesNotExistEndsWith3(command: String) async throws {
    let words = command == "download" ? [] : [command]
    let outcome = try await ProcessRunner.run(
      [try SwiftTorrentBinary.path()] + words + ["/nowhere/x.torrent"])
    #expect(outcome.ending == .exited(3))
    #expect(outcome.errors.contains("/nowhere/x.torrent: no such file"))
  }

  @Test func whatIsNoBencodeEndsWith25AndWhatIsNoTorrentWith26() async throws {
    let folder = try TemporaryFolder()
    let page = try folder.write("<!DOCTYPE html>", to: "page.torrent")
    let other = try folder.write("d4:infod4:name1:xee", to: "other.torrent")
    let first = try await run("info", page)
    #expect(first.ending == .exited(25))
    #expect(first.errors.contains("at byte 0") && first.errors.contains("an HTML page"))
    let second = try await run(other, "-o", folder.path)
    #expect(second.ending == .exited(26))
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(names.sorted() == ["other.torrent", "page.torrent"])
  }

  /// Such a name would be repaired on the way, and the data would land in another folder.
  @Test func aFolderWhoseNameIsNotUTF8EndsWith28() async throws {
    let folder = try TemporaryFolder()
    let script =
      "'\(try SwiftTorrentBinary.path())' '\(try lonelyTorrent(in: folder))' "
      + "-o \"$(printf '\(folder.path)/\\377')\" --no-tracker"
    let outcome = try await ProcessRunner.run(["sh", "-c", script], timeout: .seconds(10))
    #expect(outcome.ending == .exited(28))
    #expect(outcome.errors.contains("UTF-8"), "\(outcome.errors)")
  }

  @Test func infoPrintsTheFieldsAndNothingElse() async throws {
    let folder = try TemporaryFolder()
    let outcome = try await run("info", try lonelyTorrent(in: folder))
    #expect(outcome.ending == .exited(0))
    #expect(outcome.output.contains("name:       lonely\n"))
    #expect(outcome.errors.isEmpty)
  }

  @Test func aFileWithoutPermissionEndsWith17() async throws {
    let outcome = try await run("info", "/")
    #expect(outcome.ending == .exited(17))
    #expect(outcome.errors.contains("/ is a folder"))
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func anInterruptedDownloadDiesOfItsSignalWithinTwoSeconds(signal: Int32) async throws {
    let folder = try TemporaryFolder()
    let process = try ChildProcess(
      [
        try SwiftTorrentBinary.path(), try lonelyTorrent(in: folder), "-o", folder.file("out"),
        "--no-tracker", "--peer", "127.0.0.1:9",
      ], logsIn: folder.path, label: "download")
    try await Condition.wait("the download has started", timeout: .seconds(20)) {
      process.errors.contains("lonely") || !process.isRunning
    }
    process.signal(signal)
    let ending = try await process.wait(timeout: .milliseconds(2500))
    #expect(ending == .signalled(signal), "\(process.errors)")
    #expect(process.errors.contains("interrupted"))
  }

  /// Neither its silence nor our good-bye to it may cost the state and messages of the end.
  @Test func aTrackerThatHangsDoesNotKeepARunFromEndingProperly() async throws {
    let folder = try TemporaryFolder()
    let tracker = try SilentServer()
    let process = try ChildProcess(
      [
        try SwiftTorrentBinary.path(), try lonelyTorrent(in: folder), "-o", folder.file("out"),
        "-v", "--tracker", "http://127.0.0.1:\(tracker.port)/announce",
      ], logsIn: folder.path, label: "download")
    try await Condition.wait("the tracker is asked", timeout: .seconds(20)) {
      process.errors.contains(": announcing") || !process.isRunning
    }
    process.signal(SIGINT)
    let ending = try await process.wait(timeout: .milliseconds(2500))
    #expect(ending == .signalled(SIGINT), "\(process.errors)")
    #expect(process.errors.contains("interrupted"), "\(process.errors)")
  }

  /// Port numbers that are taken are refused even when they are free at another address.
  @Test func aChosenPortThatIsTakenEndsWith6() async throws {
    let folder = try TemporaryFolder()
    let taken = try SilentServer()
    let outcome = try await ProcessRunner.run(
      [
        try SwiftTorrentBinary.path(), try lonelyTorrent(in: folder), "-o", folder.file("out"),
        "--no-tracker", "--port", "\(taken.port)",
      ], timeout: .seconds(10))
    #expect(outcome.ending == .exited(6))
    #expect(outcome.errors.contains("\(taken.port)"), "\(outcome.errors)")
    let tracker = try await run("tracker", "--listen", "127.0.0.1:\(taken.port)")
    #expect(tracker.ending == .exited(6))
    #expect(tracker.errors.contains("--listen"), "\(tracker.errors)")
  }

  @Test(.enabled(if: ProcessRunner.find("script") != nil, "script(1) is not installed"))
  func aTerminalGetsALiveLineAndItsCursorBack() async throws {
    let folder = try TemporaryFolder()
    let command = [
      "timeout --foreground --preserve-status -s INT 2", try SwiftTorrentBinary.path(),
      try lonelyTorrent(in: folder), "-o", folder.file("out"), "--no-tracker",
      "--peer 127.0.0.1:9",
    ].joined(separator: " ")
    let outcome = try await ProcessRunner.run(
      ["script", "-qefc", command, "/dev/null"], environment: ["TERM": "xterm", "NO_COLOR": "1"])
    let hidden = try #require(outcome.output.range(of: "\u{1B}[?25l"))
    let shown = try #require(outcome.output.range(of: "\u{1B}[?25h"))
    #expect(hidden.upperBound <= shown.lowerBound)
    #expect(outcome.output[hidden.upperBound..<shown.lowerBound].contains("0.0 %"))
    #expect(!outcome.output.contains("\u{1B}[32m"), "NO_COLOR is respected")
  }

  /// The reader of our messages may go away; the download does not.
  @Test func aDownloadOutlivesTheReaderOfItsMessages() async throws {
    let folder = try TemporaryFolder()
    let have = folder.file("out")
    let torrent = try lonelyTorrent(in: folder)
    try FileManager.default.createDirectory(atPath: have, withIntermediateDirectories: true)
    try Data([UInt8](repeating: 1, count: 40000)).write(to: URL(fileURLWithPath: have + "/lonely"))
    let program = try SwiftTorrentBinary.path()
    // The program starts when nobody reads the pipe any more.
    let script =
      "{ { (trap '' PIPE; while echo; do :; done) 2>/dev/null; "
      + "'\(program)' '\(torrent)' -o '\(have)' --no-tracker 2>&1; "
      + "echo $? >'\(folder.path)/status'; } | true; }; wait; "
      + "while [ ! -s '\(folder.path)/status' ]; do sleep 0.1; done"
    _ = try await ProcessRunner.run(["sh", "-c", script], timeout: .seconds(20))
    let status = FileManager.default.contents(atPath: folder.file("status")) ?? Data()
    #expect(String(decoding: status, as: UTF8.self) == "0\n")
  }

  /// A closed stream's number must not become that of a file that we open.
  @Test func closedStreamsStayOutOfUse() async throws {
    let folder = try TemporaryFolder()
    let program = try SwiftTorrentBinary.path()
    let script =
      "'\(program)' '\(try lonelyTorrent(in: folder))' -o '\(folder.file("out"))' --no-tracker "
      + "--peer 127.0.0.1:9 0<&- 1>&- 2>&- & pid=$!; "
      + "until [ -e '\(folder.file("out/lonely.swift-torrent"))' ]; do sleep 0.1; done; "
      + "readlink /proc/$pid/fd/0 /proc/$pid/fd/1 /proc/$pid/fd/2; kill $pid"
    let outcome = try await ProcessRunner.run(["sh", "-c", script], timeout: .seconds(20))
    #expect(outcome.output == "/dev/null\n/dev/null\n/dev/null\n")
  }

  @Test func fewOpenFilesAreEnoughForManyFiles() async throws {
    let folder = try TemporaryFolder()
    var builder = TorrentBuilder(name: "many", pieceLength: 16384)
    let have = try folder.makeFolder("have/many")
    for number in 0..<200 {
      builder.addFile(path: ["f\(number)"], length: 16384, attributes: "")
      try Data([UInt8](repeating: 7, count: 16384))
        .write(to: URL(fileURLWithPath: "\(have)/f\(number)"))
    }
    let torrent = folder.file("many.torrent")
    try Data(builder.torrent(content: [UInt8](repeating: 7, count: 200 * 16384)))
      .write(to: URL(fileURLWithPath: torrent))
    // Descriptors that the test process lends its children would count as well.
    let script =
      "for f in $(ls /proc/$$/fd); do [ $f -le 2 ] || eval \"exec $f>&-\"; done; "
      + "ulimit -n 40; exec '\(try SwiftTorrentBinary.path())' '\(torrent)' "
      + "-o '\(folder.file("have"))' --no-tracker"
    let outcome = try await ProcessRunner.run(["bash", "-c", script], timeout: .seconds(10))
    #expect(outcome.ending == .exited(0), "\(outcome.errors)")
  }

  @Test func tooFewOpenFilesForAnythingAreSaid() async throws {
    let folder = try TemporaryFolder()
    let torrent = try lonelyTorrent(in: folder)
    let script =
      "for f in $(ls /proc/$$/fd); do [ $f -le 2 ] || eval \"exec $f>&-\"; done; "
      + "ulimit -n 8; exec '\(try SwiftTorrentBinary.path())' '\(torrent)' -o '\(folder.path)/out'"
    let outcome = try await ProcessRunner.run(["bash", "-c", script], timeout: .seconds(60))
    #expect(outcome.ending == .exited(17), "\(outcome.errors)")
    #expect(
      outcome.errors.contains("more files can be opened") && outcome.errors.contains("ulimit"))
  }

  @Test func theDemoProvesTheInstallation() async throws {
    let outcome = try await run("demo")
    #expect(outcome.ending == .exited(0), "\(outcome.errors)")
    #expect(!outcome.errors.isEmpty)
  }

  @Test func theTrackerSaysWhereItListensAndDiesOfItsSignal() async throws {
    let folder = try TemporaryFolder()
    let process = try ChildProcess(
      [try SwiftTorrentBinary.path(), "tracker", "--listen", "127.0.0.1:0"],
      logsIn: folder.path, label: "tracker")
    try await Condition.wait("the tracker listens", timeout: .seconds(20)) {
      process.output.contains("http://127.0.0.1:") || !process.isRunning
    }
    process.signal(SIGTERM)
    let ending = try await process.wait(timeout: .milliseconds(2500))
    #expect(ending == .signalled(SIGTERM), "\(process.errors)")
  }
}
