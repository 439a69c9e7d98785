import Foundation
import TestSupport
import Testing

/// `seed` with folders of torrents.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct SeedFolderTests {
  /// Moves the torrents of a scene into a folder.
  private static func moveTorrents(of scene: BatchScene, to name: String) throws {
    try scene.folder.makeFolder(name)
    for number in 0..<scene.count {
      try FileManager.default.moveItem(
        atPath: scene.torrent(number), toPath: scene.folder.file("\(name)/t\(number).torrent"))
    }
  }

  @Test func everyTorrentInAFolderIsSeededAtTheSameTime() async throws {
    // More than the default of --jobs.
    let scene = try BatchScene(count: 7)
    let tracker = try scene.start("tracker --listen 127.0.0.1:0", label: "tracker")
    try await Condition.wait("the tracker listens", timeout: .seconds(60)) {
      tracker.output.contains("/announce") || !tracker.isRunning
    }
    try scene.write(tracker: String(tracker.output.prefix { $0 != "\n" }))
    try Self.moveTorrents(of: scene, to: "torrents")
    // One is damaged; hidden files, other files and folders are no torrents.
    try scene.folder.write("this is no torrent", to: "torrents/a bad one.torrent")
    try scene.folder.write("nor this", to: "torrents/.hidden.torrent")
    try scene.folder.write("nor this", to: "torrents/readme.txt")
    try scene.folder.makeFolder("torrents/deeper.torrent")
    let path = scene.folder.path
    let seed = try scene.start("seed '\(path)/torrents' -o '\(path)/have' --json", label: "seed")
    try await Condition.wait("all are seeded", timeout: .seconds(60)) {
      seed.output.components(separatedBy: "\"seeding\"").count > scene.count || !seed.isRunning
    }
    let events = try JSONLines.parse(seed.output)
    #expect(events.first?["sources"] as? Int == 8)
    let failures = events.filter { $0["event"] as? String == "failed" }
    // Sorted by name, the damaged one is the first.
    #expect(failures.map { $0["source"] as? Int } == [1])
    #expect(failures.map { $0["status"] as? Int } == [25])
    #expect(seed.errors.contains("a bad one.torrent"), "\(seed.errors)")
    let names = events.filter { $0["event"] as? String == "metadata" }
      .compactMap { event in
        (event["source"] as? Int).map { ($0, event["name"] as? String ?? "") }
      }
    #expect(
      names.sorted { $0.0 < $1.0 }.map(\.1) == (0..<scene.count).map { "data \($0)" })

    // The data that is served can be downloaded.
    let run = try scene.start(
      "'\(path)/torrents/t0.torrent' '\(path)/torrents/t6.torrent' -o '\(path)/want'", label: "run")
    let ending = try await run.wait(timeout: .seconds(60))
    #expect(ending == .exited(0), "\(run.errors)")
    #expect(scene.isComplete(0, in: "want") && scene.isComplete(6, in: "want"))
    await seed.stop()
    await tracker.stop()
  }

  @Test func aFolderWithoutATorrentFailsByItself() async throws {
    let scene = try BatchScene(count: 1)
    try scene.write(tracker: "http://127.0.0.1:1/announce")
    try scene.folder.makeFolder("empty")
    let path = scene.folder.path
    let alone = try scene.start("seed '\(path)/empty' -o '\(path)/have'", label: "alone")
    let ending = try await alone.wait(timeout: .seconds(60))
    #expect(ending == .exited(3))
    #expect(alone.errors.contains("there is no .torrent file directly in"), "\(alone.errors)")

    try scene.folder.write("\(path)/empty\n\(scene.torrent(0))\t\(path)/have\n", to: "list.txt")
    let list = try scene.start("seed -i '\(path)/list.txt' -o '\(path)/none'", label: "list")
    try await Condition.wait("the other is seeded", timeout: .seconds(60)) {
      list.errors.contains("listening for peers") || !list.isRunning
    }
    #expect(list.isRunning && list.errors.contains("there is no .torrent file"), "\(list.errors)")
    await list.stop()
  }

  @Test func noOtherCommandTakesAFolder() async throws {
    let scene = try BatchScene(count: 1)
    try scene.write(tracker: "http://127.0.0.1:1/announce")
    for command in ["", "info", "verify"] {
      let run = try scene.start("\(command) '\(scene.folder.path)'", label: "run\(command)")
      let ending = try await run.wait(timeout: .seconds(60))
      #expect(ending == .exited(17), "\(command)")
      #expect(run.errors.contains("only 'seed' takes folders"), "\(run.errors)")
    }
  }
}
