import Foundation
import TestSupport
import Testing

/// Things that a system may lack or forbid: the run goes on without them, or ends with a status of
/// its own.
@Suite(.serialized, .timeLimit(.minutes(6)))
struct SystemLimitTests {
  private struct Swarm {
    let scene: OwnSwarmScene
    let processes: [ChildProcess]
    /// The words of a shell that fetch the torrent, but for the folder.
    let command: String

    func stop() async {
      for process in processes { await process.stop() }
    }
  }

  private func startSwarm() async throws -> Swarm {
    let scene = try OwnSwarmScene()
    let (tracker, url) = try await scene.startTracker()
    let seed = try scene.start(
      ["seed", scene.torrent, "-o", scene.folder.file("have"), "--tracker", url], label: "seed")
    let command =
      "'\(try SwiftTorrentBinary.path())' '\(scene.torrent)' --tracker '\(url)' --quiet"
    return Swarm(scene: scene, processes: [seed, tracker], command: command)
  }

  /// Runs the words of a shell in the scene's folder.
  private func run(_ script: String, in swarm: Swarm) async throws -> ProcessRunner.Outcome {
    try await ProcessRunner.run(
      ["bash", "-c", "cd '\(swarm.scene.folder.path)'; \(script)"], timeout: .seconds(120))
  }

  // MARK: - /proc

  @Test(
    .enabled("mount namespaces are not allowed") {
      if TestNeeds.areRequired { return true }
      return await TestNeeds.canUnshare("--mount")
    })
  func withoutProcEverythingWorksAndNothingOfAKilledRunIsTrusted() async throws {
    let swarm = try await startSwarm()
    let program = try SwiftTorrentBinary.path()
    let script = """
      cd '\(swarm.scene.folder.path)'; mount -t tmpfs none /proc || exit 99
      \(swarm.command) -o whole; echo "download $?"
      '\(program)' verify data.torrent -o whole -q; echo "verify $?"
      '\(program)' "$(printf 'a\\377b')" 2>/dev/null; echo "not UTF-8 $?"
      \(swarm.command) -o part --json --limit-down 400K > first & pid=$!
      until grep -q '"verified_bytes":[1-9][0-9]*,"total' first; do sleep 0.1; done
      kill -9 $pid; wait $pid 2>/dev/null; echo "killed $?"
      \(swarm.command) -o part --json > second; echo "resumed $?"
      grep -q '"event":"checking"' second && echo "hashed what was there"
      cmp part/data.bin have/data.bin && ls -A part
      """
    let outcome = try await ProcessRunner.run(
      ["unshare", "--mount"] + TestNeeds.userNamespace + ["sh", "-c", script],
      timeout: .seconds(200))
    #expect(
      outcome.output == """
        download 0
        verify 0
        not UTF-8 28
        killed 137
        resumed 0
        hashed what was there
        data.bin

        """, "\(outcome.errors)")
    await swarm.stop()
  }

  // MARK: - ulimit

  /// With less address space than it needs, the program says so before anything else; with that, it
  /// runs.
  @Test func tooLittleAddressSpaceIsSaidAtTheStart() async throws {
    let swarm = try await startSwarm()
    let little = try await run("ulimit -v 200000; \(swarm.command) -o want", in: swarm)
    #expect(little.ending == .exited(1), "\(little.errors)")
    let pattern = /ulimit -v (\d+)/
    let needed = try #require(little.errors.firstMatch(of: pattern)?.output.1, "\(little.errors)")
    let kibibytes = try #require(Int(needed))
    let script = """
      for i in 1 2 3 4; do
        (ulimit -v \(kibibytes); \(swarm.command) -o "want$i"); echo $?
        (ulimit -v \(kibibytes - 1); \(swarm.command) -o "less$i" 2>/dev/null); echo $?
      done
      """
    let enough = try await run(script, in: swarm)
    #expect(enough.output == String(repeating: "0\n1\n", count: 4), "\(enough.errors)")
    #expect(!FileManager.default.fileExists(atPath: swarm.scene.folder.file("less1")))
    await swarm.stop()
  }

  @Test(arguments: ["none", "sparse", "full"])
  func aFileThatMayNotGrowEndsWith17(preallocation: String) async throws {
    let swarm = try await startSwarm()
    let command = "\(swarm.command) -o want --prealloc \(preallocation)"
    let outcome = try await run(
      "(ulimit -f 1000; \(command)); echo $?; \(command); echo $?", in: swarm)
    #expect(outcome.output == "17\n0\n", "\(outcome.errors)")
    #expect(outcome.errors.contains("ulimit -f"), "\(outcome.errors)")
    let log = try await run(
      "head -c 1048576 /dev/zero > log; (ulimit -f 1024; \(swarm.command) -o want --log log); echo $?",
      in: swarm)
    #expect(log.output == "0\n", "a log that is full ends no run: \(log.errors)")
    await swarm.stop()
  }

  /// The system kills a process that has used up its time; a second before, progress is saved.
  @Test func theEndOfProcessorTimeIsASignalLikeOthers() async throws {
    let scene = try OwnSwarmScene()
    let run = try scene.start(
      [
        scene.torrent, "-o", scene.folder.file("want"), "--no-tracker", "--peer", "127.0.0.1:9",
        "--json",
      ],
      label: "run")
    try await Condition.wait("the download has started", timeout: .seconds(60)) {
      run.output.contains("listening") || !run.isRunning
    }
    run.signal(SIGXCPU)
    let ending = try await run.wait(timeout: .seconds(30))
    #expect(ending == .signalled(SIGXCPU))
    let summary = try #require(try JSONLines.parse(run.output).last)
    #expect(summary["status"] as? Int == 128 + Int(SIGXCPU))
    let limit = try await ProcessRunner.run([
      "bash", "-c",
      "ulimit -t 100; '\(try SwiftTorrentBinary.path())' info '\(scene.torrent)' >/dev/null",
    ])
    #expect(limit.ending == .exited(0))
  }

  // MARK: - Signals

  /// A shell without job control lets its background jobs ignore INT and QUIT.
  @Test func whatIsIgnoredFromTheStartStaysIgnored() async throws {
    let scene = try OwnSwarmScene()
    let words = "'\(scene.torrent)' -o '\(scene.folder.file("want"))' --no-tracker --json"
    let run = try ChildProcess(
      [
        "sh", "-c",
        "trap '' INT QUIT HUP; exec '\(try SwiftTorrentBinary.path())' \(words) --peer 127.0.0.1:9",
      ], logsIn: scene.folder.path, label: "run")
    try await Condition.wait("the download has started", timeout: .seconds(60)) {
      run.output.contains("listening") || !run.isRunning
    }
    for signal in [SIGINT, SIGQUIT, SIGHUP] { run.signal(signal) }
    // A run that is told to stop reports no more progress after two seconds.
    let before = run.output.components(separatedBy: "\"progress\"").count
    try await Condition.wait("it goes on", timeout: .seconds(60)) {
      run.output.components(separatedBy: "\"progress\"").count > before + 6 || !run.isRunning
    }
    #expect(run.isRunning)
    run.signal(SIGTERM)
    let ending = try await run.wait(timeout: .seconds(30))
    #expect(ending == .signalled(SIGTERM))
  }
}
