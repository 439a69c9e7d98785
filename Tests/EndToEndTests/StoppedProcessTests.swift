import Foundation
import TestSupport
import Testing

/// A process that is stopped, as by Ctrl-Z or with the machine, is nobody's fault.
@Suite(.serialized, .timeLimit(.minutes(4)))
struct StoppedProcessTests {
  /// Stops a process for so long, then lets it go on.
  private func pause(_ process: ChildProcess, for duration: Duration) async throws {
    process.signal(SIGSTOP)
    try await Task.sleep(for: duration)
    process.signal(SIGCONT)
  }

  /// It is stopped for longer than each of its deadlines.
  @Test func aDownloadOutlivesAStop() async throws {
    let scene = try OwnSwarmScene()
    let (tracker, url) = try await scene.startTracker()
    let seed = try scene.start(
      ["seed", scene.torrent, "-o", scene.folder.file("have"), "--tracker", url], label: "seed")
    let run = try scene.start(
      [
        scene.torrent, "-o", scene.folder.file("want"), "--tracker", url, "--limit-down", "600K",
        "--stall-timeout", "8s", "--peers-timeout", "8s", "--timeout", "14s", "--json",
      ], label: "run")
    try await Condition.wait("some pieces are there", timeout: .seconds(60)) {
      run.output.contains("\"verified_bytes\":") && run.output.contains("\"connected\"")
        || !run.isRunning
    }
    try await pause(run, for: .seconds(16))
    let ending = try await run.wait(timeout: .seconds(90))
    #expect(ending == .exited(0), "\(run.errors)")
    let isComplete = try scene.isComplete("want")
    #expect(isComplete)
    // The reported time leaves the stop out as well.
    let summary = try #require(try JSONLines.parse(run.output).last)
    let seconds = try #require(summary["seconds"] as? Double)
    #expect(seconds < 14, "\(summary)")
    for process in [seed, tracker] { await process.stop() }
  }

  /// The two seconds for saving and good-byes are not over when the process goes on.
  @Test func aSignalIsFollowedByTwoSecondsOfRunningTime() async throws {
    let scene = try OwnSwarmScene()
    let silent = try SilentServer()
    let run = try scene.start(
      [
        scene.torrent, "-o", scene.folder.file("want"), "--json",
        "--tracker", "http://127.0.0.1:\(silent.port)/announce",
      ], label: "run")
    try await Condition.wait("the tracker is asked", timeout: .seconds(60)) {
      run.output.contains("announcing") || !run.isRunning
    }
    run.signal(SIGTERM)
    try await pause(run, for: .seconds(3))
    let ending = try await run.wait(timeout: .seconds(30))
    #expect(ending == .signalled(SIGTERM))
    // An end that was overdue would have said nothing.
    let summary = try #require(try JSONLines.parse(run.output).last)
    #expect(summary["event"] as? String == "summary")
    #expect(summary["status"] as? Int == 143)
    #expect(summary["interrupted"] as? Bool == true)
  }
}
