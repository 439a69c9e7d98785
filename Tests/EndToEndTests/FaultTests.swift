import Foundation
import Metainfo
import TestSupport
import Testing

/// The faults of a machine or its users, each with its message and its exit status.
@Suite(.serialized, .timeLimit(.minutes(8)))
struct FaultTests {
  /// A torrent that a seed serves, and the words that fetch it.
  private struct Swarm {
    let scene: OwnSwarmScene
    let processes: [ChildProcess]
    let words: [String]

    /// The same words for a shell, for the folder `name`.
    func command(_ name: String, _ more: String = "") throws -> String {
      let words = [try SwiftTorrentBinary.path()] + words + ["-o", scene.folder.file(name)]
      return words.map { "'\($0)'" }.joined(separator: " ") + " " + more
    }

    func stop() async {
      for process in processes { await process.stop() }
    }
  }

  private func startSwarm() async throws -> Swarm {
    let scene = try OwnSwarmScene()
    let (tracker, url) = try await scene.startTracker()
    let seed = try scene.start(
      ["seed", scene.torrent, "-o", scene.folder.file("have"), "--tracker", url], label: "seed")
    return Swarm(
      scene: scene, processes: [seed, tracker], words: [scene.torrent, "--tracker", url])
  }

  /// Starts a download that takes a while, and returns when a part of it is there.
  private func startPart(_ swarm: Swarm, _ name: String) async throws -> ChildProcess {
    let words = swarm.words + ["-o", swarm.scene.folder.file(name), "--limit-down", "400K"]
    let process = try swarm.scene.start(words + ["--json"], label: name)
    try await Condition.wait("some pieces are there", timeout: .seconds(120)) {
      let progress = process.output.split(separator: "\n").filter { $0.contains("\"progress\"") }
      return progress.contains { !$0.contains("\"verified_bytes\":0,") } || !process.isRunning
    }
    #expect(process.isRunning, "\(process.errors)")
    return process
  }

  @Test(
    .enabled("mount namespaces are not allowed") {
      if TestNeeds.areRequired { return true }
      return await TestNeeds.canUnshare("--mount")
    },
    arguments: ["none", "sparse", "full"])
  func aFullDiskEndsWith9AndRoomLetsItGoOn(preallocation: String) async throws {
    let swarm = try await startSwarm()
    try swarm.scene.folder.makeFolder("disk")
    let disk = swarm.scene.folder.file("disk")
    let run = try swarm.command("disk", "--quiet --json --prealloc \(preallocation)")
    let script = """
      mount -t tmpfs -o size=2m none '\(disk)' || exit 99
      \(run) > '\(disk).first'; echo "first $?"
      [ -e '\(disk)/data.bin.swift-torrent' ] && echo "counts as unfinished"
      mount -o remount,size=20m '\(disk)'
      \(run) > '\(disk).second'; echo "second $?"
      cmp '\(disk)/data.bin' '\(swarm.scene.folder.file("have"))/data.bin' && ls -A '\(disk)'
      mount -o remount,ro '\(disk)'; rm -f '\(disk)/data.bin'
      \(try swarm.command("disk/below", "--quiet")); echo "read-only $?"
      """
    let outcome = try await ProcessRunner.run(
      ["unshare", "--mount"] + TestNeeds.userNamespace + ["sh", "-c", script],
      timeout: .seconds(240))
    #expect(
      outcome.output == "first 9\ncounts as unfinished\nsecond 0\ndata.bin\nread-only 17\n",
      "\(outcome.errors)")
    #expect(outcome.errors.contains("no space is left to write \(disk)/data.bin; free some"))
    #expect(outcome.errors.contains("read-only file system; choose another folder"))
    guard preallocation != "full" else { return }
    // The data that had found room was not fetched again.
    let text = String(
      decoding: FileManager.default.contents(atPath: disk + ".second") ?? Data(), as: UTF8.self)
    let completed = try JSONLines.parse(text).first { $0["event"] as? String == "completed" }
    let fetched = try #require(completed?["downloaded_bytes"] as? Int)
    #expect(fetched <= 2_000_000, "\(text)")
    await swarm.stop()
  }

  /// The things that somebody does to the output of a run, and the run's messages about them.
  private static let disturbances: [(script: String, message: String)] = [
    ("rm -r want0", "want0 was moved or removed during the run"),
    ("mv want1 elsewhere1", "want1 was moved or removed during the run"),
    ("mv want2 elsewhere2; mkdir want2", "want2 was moved or removed during the run"),
    ("rm want3/data.bin", "want3/data.bin was changed by another program during the run"),
    ("rm want4/data.bin; ln -s ../data.torrent want4/data.bin", "data.bin is a symbolic link"),
    ("rm want5/data.bin; mkdir want5/data.bin", "data.bin is not a regular file"),
  ]

  @Test func whatIsDoneToTheOutputIsNoticed() async throws {
    let swarm = try await startSwarm()
    let before = FileManager.default.contents(atPath: swarm.scene.torrent)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (number, (script, message)) in Self.disturbances.enumerated() {
        group.addTask { try await disturb(swarm, "want\(number)", script, message) }
      }
      try await group.waitForAll()
    }
    #expect(FileManager.default.contents(atPath: swarm.scene.torrent) == before)
    await swarm.stop()
  }

  private func disturb(
    _ swarm: Swarm, _ name: String, _ script: String, _ message: String
  ) async throws {
    let process = try await startPart(swarm, name)
    let outcome = try await ProcessRunner.run(
      ["sh", "-c", "cd '\(swarm.scene.folder.path)' && { \(script); }"])
    #expect(outcome.ending == .exited(0), "\(outcome.errors)")
    let ending = try await process.wait(timeout: .seconds(240))
    #expect(ending == .exited(17), "\(process.errors)")
    #expect(process.errors.contains(message), "\(process.errors)")
    // Nothing that looks complete is left where the data should be.
    let folder = swarm.scene.folder.file(name)
    let isThere: (String) -> Bool = { FileManager.default.fileExists(atPath: "\(folder)/\($0)") }
    #expect(!isThere("data.bin") || isThere("data.bin.swift-torrent"))
  }

  @Test func theSecondOfTwoRunsIsRefusedAndAnotherTorrentToo() async throws {
    let swarm = try await startSwarm()
    let first = try await startPart(swarm, "want")
    // The torrent is read once: later changes of its file are of no interest to the run.
    let other = TorrentBuilder(name: "data.bin", pieceLength: 65536)
      .torrent(content: [UInt8](repeating: 9, count: 3_000_001))
    let good = try #require(FileManager.default.contents(atPath: swarm.scene.torrent))
    try good.prefix(200).write(to: URL(fileURLWithPath: swarm.scene.torrent))
    let damaged = try await ProcessRunner.run(
      ["sh", "-c", try swarm.command("want")], timeout: .seconds(60))
    #expect(damaged.ending == .exited(25), "\(damaged.errors)")
    try good.write(to: URL(fileURLWithPath: swarm.scene.torrent))
    let second = try await ProcessRunner.run(
      ["sh", "-c", try swarm.command("want")], timeout: .seconds(60))
    #expect(second.ending == .exited(12), "\(second.errors)")
    #expect(second.errors.contains("another run holds"))
    first.signal(SIGINT)
    let ending = try await first.wait(timeout: .seconds(60))
    #expect(ending == .signalled(SIGINT))
    // Another torrent of that name finds an unfinished file that is not its own.
    try Data(other).write(to: URL(fileURLWithPath: swarm.scene.torrent))
    let third = try await ProcessRunner.run(
      ["sh", "-c", try swarm.command("want")], timeout: .seconds(60))
    #expect(third.ending == .exited(13), "\(third.errors)")
    try good.write(to: URL(fileURLWithPath: swarm.scene.torrent))
    let last = try await ProcessRunner.run(
      ["sh", "-c", try swarm.command("want")], timeout: .seconds(120))
    #expect(last.ending == .exited(0), "\(last.errors)")
    let isComplete = try swarm.scene.isComplete("want")
    #expect(isComplete)
    await swarm.stop()
  }

  @Test func pathsThatCannotBeAreNamed() async throws {
    let scene = try OwnSwarmScene()
    try scene.folder.write("a file", to: "file")
    let long = String(repeating: "x", count: 300)
    for (folder, message) in [
      (long, "is too long; choose a shorter output folder"), ("file", "file is not a folder"),
      ("file/below", "is not a folder"),
    ] {
      let process = try scene.start(
        [scene.torrent, "-o", scene.folder.file(folder), "--no-tracker", "--peer", "127.0.0.1:9"],
        label: "run")
      let ending = try await process.wait(timeout: .seconds(60))
      #expect(ending == .exited(17), "\(process.errors)")
      #expect(process.errors.contains(message), "\(process.errors)")
    }
  }
}
