import Foundation
import Metainfo
import TestSupport
import Testing

/// Files of the user that have the names of ours, as the user meets them.
@Suite(.serialized, .timeLimit(.minutes(8)))
struct OwnershipProgramTests {
  private let scene: OwnSwarmScene

  init() throws {
    scene = try OwnSwarmScene(size: 300_001)
    try scene.folder.makeFolder("out")
  }

  private func put(_ text: String, _ name: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: scene.folder.file("out/\(name)")))
  }

  private func text(_ name: String) -> String? {
    FileManager.default.contents(atPath: scene.folder.file("out/\(name)")).map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  /// Calls `body` beside a seed, with the URL of the tracker that knows it.
  private func withSwarm(_ body: (String) async throws -> Void) async throws {
    let (tracker, url) = try await scene.startTracker()
    let seed = try scene.start(
      ["seed", scene.torrent, "-o", scene.folder.file("have"), "--tracker", url], label: "seed")
    try await body(url)
    await seed.stop()
    await tracker.stop()
  }

  private func download(
    from tracker: String, _ more: [String] = []
  ) async throws -> ProcessRunner.Outcome {
    let words =
      [try SwiftTorrentBinary.path(), scene.torrent, "-o", scene.folder.file("out")]
      + ["--tracker", tracker, "--quiet"] + more
    return try await ProcessRunner.run(words, timeout: .seconds(120))
  }

  /// Runs a download that would succeed if it were allowed to.
  private func download() async throws -> ProcessRunner.Outcome {
    var outcome: ProcessRunner.Outcome?
    try await withSwarm { outcome = try await download(from: $0) }
    return try #require(outcome)
  }

  /// Runs a download that has come halfway when its time is over.
  private func interrupt(from tracker: String) async throws {
    let limited = try await download(from: tracker, ["--limit-down", "100K", "--timeout", "2s"])
    #expect(limited.ending == .exited(2), "\(limited.errors)")
  }

  @Test(arguments: [true, false])
  func notesWithTheNameOfTheTorrentAreKept(hasForeignState: Bool) async throws {
    try put("notes\n", "data.bin")
    if hasForeignState { try put("mine\n", "data.bin.swift-torrent") }
    let outcome = try await download()
    #expect(outcome.ending == .exited(13), "\(outcome.errors)")
    #expect(outcome.errors.contains(scene.folder.file("out/data.bin")))
    #expect(text("data.bin") == "notes\n")
    #expect(text("data.bin.swift-torrent") == (hasForeignState ? "mine\n" : nil))
  }

  @Test func fileWithTheNameOfTheStateIsNamedAndKept() async throws {
    try put("mine\n", "data.bin.swift-torrent")
    let outcome = try await download()
    #expect(outcome.ending == .exited(13), "\(outcome.errors)")
    #expect(outcome.errors.contains(scene.folder.file("out/data.bin.swift-torrent")))
    #expect(text("data.bin.swift-torrent") == "mine\n")
    #expect(text("data.bin") == nil)
  }

  @Test func fileWithTheNameOfThePartFileOutlivesTheDownload() async throws {
    try put("mine\n", "data.bin.swift-torrent-part")
    let outcome = try await download()
    #expect(outcome.ending == .exited(0), "\(outcome.errors)")
    #expect(text("data.bin.swift-torrent-part") == "mine\n")
    #expect(text("data.bin.swift-torrent") == nil)
  }

  /// The stranger's first torrent brings a file that looks like the state of the second one.
  @Test func twoTorrentsOfAStrangerDoNotOverwriteTheUsersFile() async throws {
    // A run that is stopped leaves a state file; the stranger publishes that.
    let elsewhere = try scene.folder.makeFolder("elsewhere")
    let stopped = try await ProcessRunner.run(
      [try SwiftTorrentBinary.path(), scene.torrent, "-o", elsewhere, "--quiet", "--no-dht"]
        + ["--peer", "127.0.0.1:9", "--timeout", "1s"], timeout: .seconds(60))
    #expect(stopped.ending == .exited(2), "\(stopped.errors)")
    let state = try #require(
      FileManager.default.contents(atPath: "\(elsewhere)/data.bin.swift-torrent"))
    try state.write(to: URL(fileURLWithPath: scene.folder.file("out/data.bin.swift-torrent")))
    try put("notes\n", "data.bin")
    let outcome = try await download()
    #expect(outcome.ending == .exited(13), "\(outcome.errors)")
    #expect(text("data.bin") == "notes\n")
  }

  @Test(arguments: ["-a", "-r"])
  func copiedFolderGoesOn(option: String) async throws {
    try await withSwarm { tracker in
      try await interrupt(from: tracker)
      let out = scene.folder.file("out")
      let copied = try await ProcessRunner.run(
        ["sh", "-c", "mv '\(out)' '\(out).old' && cp \(option) '\(out).old' '\(out)'"],
        timeout: .seconds(20))
      #expect(copied.ending == .exited(0), "\(copied.errors)")
      let outcome = try await download(from: tracker)
      #expect(outcome.ending == .exited(0), "\(outcome.errors)")
      #expect(try scene.isComplete("out"))
    }
  }

  @Test func hardLinkInPlaceOfTheUnfinishedFileIsNotWrittenThrough() async throws {
    try await withSwarm { tracker in
      try await interrupt(from: tracker)
      try put("precious\n", "other")
      try FileManager.default.removeItem(atPath: scene.folder.file("out/data.bin"))
      try FileManager.default.linkItem(
        atPath: scene.folder.file("out/other"), toPath: scene.folder.file("out/data.bin"))
      let outcome = try await download(from: tracker)
      #expect(outcome.ending == .exited(13), "\(outcome.errors)")
      #expect(text("other") == "precious\n")
    }
  }

  @Test(arguments: ["truncate -s 1000 data.bin", "cp data.bin new && mv new data.bin"])
  func fileThatSomebodyChangesDuringTheRunDoesNotEndWith0(command: String) async throws {
    let (tracker, url) = try await scene.startTracker()
    let seed = try scene.start(
      ["seed", scene.torrent, "-o", scene.folder.file("have"), "--tracker", url], label: "seed")
    let run = try scene.start(
      [scene.torrent, "-o", scene.folder.file("out"), "--tracker", url, "--json"]
        + ["--limit-down", "100K"], label: "run")
    try await Condition.wait("some pieces are there", timeout: .seconds(60)) {
      let progress = run.output.split(separator: "\n").filter { $0.contains("\"progress\"") }
      return progress.contains { !$0.contains("\"verified_bytes\":0,") } || !run.isRunning
    }
    let changed = try await ProcessRunner.run(
      ["sh", "-c", "cd '\(scene.folder.file("out"))' && \(command)"], timeout: .seconds(20))
    #expect(changed.ending == .exited(0), "\(changed.errors)")
    try await Condition.wait("the run ends", timeout: .seconds(60)) { !run.isRunning }
    #expect(run.output.contains("\"status\":17"), "\(run.output.suffix(500)) \(run.errors)")
    await seed.stop()
    await tracker.stop()
  }
}
