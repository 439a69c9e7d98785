import Foundation
import TestSupport
import Testing

/// The limits on time, rate, peers and addresses, through the program.
@Suite(.timeLimit(.minutes(5)))
struct LimitProgramTests {
  /// Words that set a deadline, and the end of a run that nobody serves.
  private static let deadlines: [(words: [String], status: Int32, message: String)] = [
    (["--timeout", "1s"], 2, "not complete after 1 s"),
    (["--stall-timeout", "-1"], 28, "--stall-timeout -1: expected a time"),
    (["--stall-timeout", "1", "--timeout", "0"], 2, "no data arrived for 1 s"),
    (["--peers-timeout=2s"], 2, "no peer was connected for 2 s"),
    (
      ["--min-speed", "1.5M:1s"], 5,
      "too slow: 0 B/s over the last 1 s, but --min-speed is 1.50 MiB/s"
    ),
    (["--min-speed", "1.5M"], 28, "--min-speed 1.5M: expected"),
  ]

  @Test func eachDeadlineHasItsMessageAndItsStatus() async throws {
    let scene = try LibraryScene()
    let (tracker, url) = try await scene.startTracker()
    for (number, (words, status, message)) in Self.deadlines.enumerated() {
      let outcome = try await scene.run(
        [scene.torrent, "-o", scene.folder.file("\(number)"), "--tracker", url] + words)
      #expect(outcome.ending == .exited(status), "\(words): \(outcome.errors)")
      #expect(outcome.errors.contains(message), "\(words): \(outcome.errors)")
      let isBegun = FileManager.default.fileExists(atPath: scene.folder.file("\(number)"))
      #expect(isBegun == (status != 28))
    }
    await tracker.stop()
  }

  /// A run may be slower than its limit on a busy machine, never faster.
  @Test func limitsAreNotExceeded() async throws {
    let scene = try LibraryScene()
    let (seed, address) = try await scene.startSeed()
    let (slow, slowAddress) = try await scene.startSeed(["--limit-up", "400K/s"], label: "slow")
    for (name, words) in [
      ("down", ["--peer", address, "--limit-down", "400K"]), ("up", ["--peer", slowAddress]),
    ] {
      let outcome = try await scene.run(
        [scene.torrent, "-o", scene.folder.file(name), "--no-tracker", "--json"] + words)
      #expect(outcome.ending == .exited(0), "\(outcome.errors)")
      let events = try JSONLines.parse(outcome.output)
      let completed = try #require(events.first { $0["event"] as? String == "completed" })
      let seconds = try #require(completed["seconds"] as? Double)
      // A quarter of a second's worth may be saved up before the first byte.
      #expect(seconds > Double(LibraryScene.size) / 400_000 - 0.5, "\(completed)")
    }
    for process in [seed, slow] { await process.stop() }
  }

  @Test func seedingEndsAtItsGoal() async throws {
    let scene = try LibraryScene()
    let (seed, address) = try await scene.startSeed(["--seed-ratio", "1"])
    // The middle one fetches, and gives what it has for a second.
    let middle = try await scene.run([
      scene.torrent, "-o", scene.folder.file("middle"), "--no-tracker", "--peer", address,
      "--seed-time", "1s", "--json",
    ])
    #expect(middle.ending == .exited(0), "\(middle.errors)")
    let events = try JSONLines.parse(middle.output)
    #expect(events.contains { $0["event"] as? String == "seeding" && $0["time"] as? Double == 1 })
    let completed = try #require(events.first { $0["event"] as? String == "completed" })
    #expect(try #require(completed["seeding_seconds"] as? Double) >= 1)
    // All of it was sent once: the seed is done.
    let ending = try await seed.wait(timeout: .seconds(60))
    #expect(ending == .exited(0), "\(seed.errors)")
    let last = try #require(try JSONLines.parse(seed.output).last)
    #expect(last["event"] as? String == "summary" && last["status"] as? Int == 0)
    let ratio = try JSONLines.parse(seed.output).compactMap { $0["share_ratio"] as? Double }.last
    #expect(try #require(ratio) >= 1)
  }

  @Test func ourOwnAddressIsTheOneThatWasChosen() async throws {
    let scene = try LibraryScene()
    let (tracker, url) = try await scene.startTracker()
    let (seed, address) = try await scene.startSeed()
    let words = [scene.torrent, "-o", scene.folder.file("want"), "--bind", "127.0.0.3"]
    // URLs are asked from the address that the system chooses, so they are refused.
    for more in [["--tracker", url], ["--peer", address, "--web-seed", "http://127.0.0.1:9/x"]] {
      let refused = try await scene.run(words + more)
      #expect(refused.ending == .exited(28), "\(refused.errors)")
      #expect(refused.errors.contains("--unbound-http"), "\(refused.errors)")
    }
    let port = try SilentServer.freePort()
    let outcome = try await scene.run(
      words + [
        "--tracker", url, "--unbound-http", "--peer", address, "--port", "\(port)", "--json",
      ])
    #expect(outcome.ending == .exited(0), "\(outcome.errors)")
    let events = try JSONLines.parse(outcome.output)
    #expect(events.contains { $0["port"] as? Int == Int(port) })
    try await Condition.wait("the seed tells of the peer", timeout: .seconds(60)) {
      seed.output.contains("\"address\":\"127.0.0.3:")
    }
    let elsewhere = try await scene.run([
      scene.torrent, "-o", scene.folder.file("none"), "--bind", "192.0.2.77", "--peer", address,
      "--no-tracker",
    ])
    #expect(elsewhere.ending == .exited(6), "\(elsewhere.errors)")
    #expect(elsewhere.errors.contains("192.0.2.77"), "\(elsewhere.errors)")
    for process in [seed, tracker] { await process.stop() }
  }

  /// Options that only make a download faster, gentler or more thorough must not keep it from its
  /// end.
  @Test(arguments: [
    ["--max-peers", "1", "--pipeline", "1", "--memory", "1M"],
    ["--pipeline", "64", "--memory", "64MiB", "--no-overwrite", "--no-fsync", "--no-pex"],
    ["--fsync", "--prealloc", "full", "--no-dht", "--no-lsd", "--pex"],
    ["--lsd", "--no-dht", "--all-trackers", "--allow-local-urls", "--no-sequential"],
    ["--limit-down", "1G", "--limit-up", "1G", "--stall-timeout", "0", "--peers-timeout", "0"],
    ["--overwrite", "--check", "--verbose", "--color", "always", "--progress", "plain"],
  ])
  func theRestDoesNoHarm(words: [String]) async throws {
    let scene = try LibraryScene()
    let (seed, address) = try await scene.startSeed()
    // Somebody else's file is in the way of the runs that may change it.
    if words.contains("--overwrite") {
      try scene.folder.makeFolder("want/lib")
      try scene.folder.write("somebody else's", to: "want/lib/a.txt")
    }
    let outcome = try await scene.run(
      [scene.torrent, "-o", scene.folder.file("want"), "--peer", address, "--no-tracker"] + words)
    #expect(outcome.ending == .exited(0), "\(outcome.errors)")
    let isWhole = scene.holds(LibraryScene.all, below: "want")
    #expect(isWhole)
    await seed.stop()
  }

  @Test func whatMakesNoSenseIsRefusedBeforeAnythingIsAsked() async throws {
    let scene = try LibraryScene()
    let silent = try SilentServer()
    let words = [
      scene.torrent, "-o", scene.folder.file("want"), "--tracker",
      "http://127.0.0.1:\(silent.port)/announce",
    ]
    for (more, message) in [
      (["--limit-down", "10X"], "--limit-down 10X: expected"),
      (["--limit-up", "-1"], "--limit-up"),
      (["--memory", "1K"], "expected a size from 1M to 64G"),
      (["--max-peers", "70000"], "expected a number from 1 to 65535"),
      (["--port", "65536"], "expected a port from 0 to 65535"),
      (["--timeout", "5w"], "--timeout 5w: expected a time"),
      (["--seed-ratio", "much"], "expected a number such as 1.5"),
      (["--seed-time", "1x"], "--seed-time 1x"), (["--jobs", "101"], "--jobs 101: expected"),
      (["--pipeline", "99999"], "--pipeline 99999: expected"),
      (["--bind", "a/b"], "a network interface, such as"),
      (["--stal-timeout", "1"], "did you mean --stall-timeout?"),
      (["--limit", "1"], "did you mean --limit-up?"), (["--name", "x"], "--name"),
    ] {
      let outcome = try await scene.run(words + more)
      #expect(outcome.ending == .exited(28), "\(more): \(outcome.errors)")
      #expect(outcome.errors.contains(message), "\(more): \(outcome.errors)")
      #expect(outcome.output.isEmpty)
    }
    #expect(!FileManager.default.fileExists(atPath: scene.folder.file("want")))
  }
}
