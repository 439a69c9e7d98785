import Foundation
import TestSupport
import Testing

/// Some files of a torrent, and checks of what is there, through the program.
@Suite(.timeLimit(.minutes(5)))
struct SelectionProgramTests {
  /// Words that choose files, and which files they choose.
  private static let choices: [(words: [String], files: [Int])] = [
    (["--select", "*.txt"], [1, 3]),
    (["--select", "sub/*.txt", "--select", "big.*"], [2, 3]),
    (["--select", "sub"], [3, 4, 5]),
    (["--select", "sub", "--exclude", "*.tmp"], [3, 4]),
    (["--exclude", "**/*.t*", "--exclude", "big.iso"], [4, 6]),
    (["--files", "4"], [4]),
    (["--files=1,4-5"], [1, 4, 5]),
    (["--files", "6", "--prealloc", "full"], [6]),
    (["--files", "2-3", "--prealloc", "none", "--sequential"], [2, 3]),
    (["--exclude", "big.iso", "--prealloc", "sparse", "--fsync"], [1, 3, 4, 5, 6]),
  ]

  @Test func onlyWhatIsChosenIsMade() async throws {
    let scene = try LibraryScene()
    let (seed, address) = try await scene.startSeed()
    for (number, choice) in Self.choices.enumerated() {
      let outcome = try await scene.run(
        [scene.torrent, "-o", scene.folder.file("\(number)"), "--peer", address, "--no-tracker"]
          + choice.words)
      #expect(outcome.ending == .exited(0), "\(choice.words): \(outcome.errors)")
      let isRight = scene.holds(choice.files, below: "\(number)")
      #expect(isRight, "\(choice.words): \(scene.files(below: "\(number)"))")
    }
    // The files that are there are kept when the rest is fetched.
    let rest = try await scene.run([
      scene.torrent, "-o", scene.folder.file("0"), "--peer", address, "--no-tracker", "-q",
    ])
    #expect(rest.ending == .exited(0), "\(rest.errors)")
    let isWhole = scene.holds(LibraryScene.all, below: "0")
    #expect(isWhole)
    await seed.stop()
  }

  @Test func aChoiceOfNothingIsRefused() async throws {
    let scene = try LibraryScene()
    for (words, message) in [
      (["--select", "nothing"], "no file of lib is selected"),
      (["--exclude", "*"], "no file of lib is selected"),
      (["--files", "7"], "lib has no file 7"),
      (["--files", "3-1"], "expected file numbers and ranges"),
      (["--files", "0"], "expected file numbers and ranges"),
    ] {
      let outcome = try await scene.run(
        [scene.torrent, "-o", scene.folder.file("want"), "--no-tracker"] + words)
      #expect(outcome.ending == .exited(28), "\(words)")
      #expect(outcome.errors.contains(message), "\(outcome.errors)")
    }
    #expect(!FileManager.default.fileExists(atPath: scene.folder.file("want")))
  }

  @Test func withoutATopFolderTheFilesLieInTheOutputItself() async throws {
    let scene = try LibraryScene()
    let (seed, address) = try await scene.startSeed()
    let words = [
      scene.torrent, "--output-dir", scene.folder.file("flat"), "--flat", "--no-tracker",
    ]
    let outcome = try await scene.run(words + ["--peer", address])
    #expect(outcome.ending == .exited(0), "\(outcome.errors)")
    let isRight = scene.holds(LibraryScene.all, below: "flat", prefix: "")
    #expect(isRight, "\(scene.files(below: "flat"))")
    let check = try await scene.run(["verify"] + words.filter { $0 != "--no-tracker" })
    #expect(check.ending == .exited(0))
    #expect(check.output == "lib: all 800.8 KiB verified\n")
    await seed.stop()
  }

  @Test func sequentialFilesCompleteInTheirOrder() async throws {
    let scene = try LibraryScene()
    let (seed, address) = try await scene.startSeed()
    let outcome = try await scene.run([
      scene.torrent, "-o", scene.folder.file("want"), "--peer", address, "--no-tracker",
      "--sequential", "--json", "--quiet",
    ])
    #expect(outcome.ending == .exited(0), "\(outcome.errors)")
    let events = try JSONLines.parse(outcome.output)
    let order = events.filter { $0["event"] as? String == "file-completed" }
      .compactMap { $0["number"] as? Int }.filter { LibraryScene.files[$0 - 1].length > 0 }
    #expect(order == [1, 2, 3, 5, 6])
    await seed.stop()
  }

  // MARK: - Verify

  @Test func aCheckNamesPiecesAndFilesAndChangesNothing() async throws {
    let scene = try LibraryScene()
    let words = ["verify", scene.torrent, "-o", scene.folder.file("have")]
    let good = try await scene.run(words)
    #expect(good.ending == .exited(0))
    let quiet = try await scene.run(words + ["--quiet"])
    #expect(quiet.ending == .exited(0) && quiet.output.isEmpty && quiet.errors.isEmpty)
    // Pieces of 32 KiB: byte 300000 of the second file is in piece 11.
    var big = LibraryScene.content(1)
    big[300_000] ^= 1
    try Data(big).write(to: URL(fileURLWithPath: scene.folder.file("have/lib/big.iso")))
    try FileManager.default.removeItem(atPath: scene.folder.file("have/lib/sub/zero"))
    let bad = try await scene.run(words)
    #expect(bad.ending == .exited(32))
    #expect(
      bad.output == """
        lib: 1 of 26 pieces do not match, 768.8 KiB of 800.8 KiB verified
        bad pieces: 11
          lib/big.iso: 1 bad piece
          lib/sub/zero: missing

        """)
    let json = try await scene.run(words + ["--json"])
    let report = try #require(try JSONLines.parse(json.output).first)
    #expect(report["bad_pieces"] as? [[Int]] == [[11, 11]])
    let files = try #require(report["bad_files"] as? [[String: Any]])
    #expect(files.compactMap { $0["number"] as? Int } == [2, 4])
    #expect(files.compactMap { $0["fault"] as? String } == ["data", "missing"])
    // A check of other files does not report those.
    for (choice, status) in [
      (["--select", "*.txt"], 0), (["--files", "1,5-6"], 0), (["--exclude", "zero"], 32),
      (["--exclude", "big.*"], 32), (["--exclude", "big.*", "--exclude", "zero"], 0),
    ] as [([String], Int32)] {
      let part = try await scene.run(words + choice)
      #expect(part.ending == .exited(status), "\(choice): \(part.output)")
    }
    #expect(
      FileManager.default.contents(atPath: scene.folder.file("have/lib/big.iso")) == Data(big))
    #expect(scene.files(below: "have").count == 5)
  }

  /// Border pieces of a finished choice cannot be proven; that is said, and is no fault.
  @Test func whatWasChosenAndFinishedVerifies() async throws {
    let scene = try LibraryScene()
    let (seed, address) = try await scene.startSeed()
    for (number, choice) in Self.choices.enumerated() {
      let place = ["-o", scene.folder.file("\(number)")]
      let outcome = try await scene.run(
        [scene.torrent, "--peer", address, "--no-tracker", "-q"] + place + choice.words)
      #expect(outcome.ending == .exited(0), "\(choice.words): \(outcome.errors)")
      // An empty file has no pieces; and a check makes no room.
      guard choice.files != [4], !choice.words.contains("--prealloc") else { continue }
      let check = try await scene.run(["verify", scene.torrent] + place + choice.words)
      #expect(check.ending == .exited(0), "\(choice.words): \(check.output)\(check.errors)")
      #expect(check.output.contains("cannot be checked"), "\(check.output)")
      #expect(!check.output.contains("all ") && !check.output.contains("do not match"))
    }
    let words = ["verify", scene.torrent, "-o", scene.folder.file("0"), "--select", "*.txt"]
    let quiet = try await scene.run(words + ["-q"])
    #expect(quiet.ending == .exited(0) && quiet.output.isEmpty && quiet.errors.isEmpty)
    let json = try await scene.run(words + ["--json"])
    let report = try #require(try JSONLines.parse(json.output).first)
    #expect(report["complete"] as? Bool == true)
    // a.txt ends in piece 2; sub/b.txt lies in pieces 20 and 21.
    #expect(report["unchecked_pieces"] as? [[Int]] == [[2, 2], [20, 21]])
    #expect(report["bad_pieces"] as? [[Int]] == [])
    let total = try #require(report["total_bytes"] as? Int)
    let verified = try #require(report["verified_bytes"] as? Int)
    #expect(total - verified == report["unchecked_bytes"] as? Int)
    let files = try #require(report["unchecked_files"] as? [[String: Any]])
    #expect(files.compactMap { $0["number"] as? Int } == [1, 3])
    // A byte inside, where no neighbour takes part, is still found.
    let path = scene.folder.file("0/lib/a.txt")
    var bytes = LibraryScene.content(0)
    bytes[5] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    let wrong = try await scene.run(words)
    #expect(wrong.ending == .exited(32) && wrong.output.contains("bad pieces: 0\n"))
    await seed.stop()
  }

  /// A seed of a part says so, gives what it has, and changes nothing.
  @Test func halfOfTheDataIsSeeded() async throws {
    let scene = try LibraryScene()
    let before = scene.files(below: "have")
    try FileManager.default.removeItem(atPath: scene.folder.file("have/lib/big.iso"))
    let (seed, address) = try await scene.startSeed()
    #expect(seed.errors.contains("a partial seed: "), "\(seed.errors)")
    #expect(!seed.errors.contains("100 %"))
    let events = try JSONLines.parse(seed.output)
    let seeding = try #require(events.first { $0["event"] as? String == "seeding" })
    #expect(seeding["partial"] as? Bool == true)
    #expect(seeding["missing_pieces"] as? Int == 19)
    #expect(seeding["total_bytes"] as? Int == LibraryScene.size)
    let want = try await scene.run([
      scene.torrent, "-o", scene.folder.file("want"), "--peer", address, "--no-tracker",
      "--files", "6", "--stall-timeout", "20s", "-q",
    ])
    #expect(want.ending == .exited(0), "\(want.errors)")
    #expect(scene.files(below: "have") == before.filter { $0 != "lib/big.iso" })
    seed.signal(SIGTERM)
    let ending = try await seed.wait(timeout: .seconds(20))
    #expect(ending == .signalled(SIGTERM))
    // A seed with a goal ends well, and tells the truth in its log.
    let short = try await scene.run([
      "seed", scene.torrent, "-o", scene.folder.file("have"), "--no-tracker", "--seed-time", "1s",
      "--json", "--log", scene.folder.file("log"),
    ])
    #expect(short.ending == .exited(0), "\(short.errors)")
    let completed = try #require(
      try JSONLines.parse(short.output).first { $0["event"] as? String == "completed" })
    let verified = try #require(completed["verified_bytes"] as? Int)
    let total = try #require(completed["total_bytes"] as? Int)
    #expect(verified > 0 && verified < total)
    let log = try String(contentsOfFile: scene.folder.file("log"), encoding: .utf8)
    #expect(log.contains("seeded ") && !log.contains("complete,"), "\(log)")
    // With nothing there at all there is nothing to seed.
    let nothing = try await scene.run([
      "seed", scene.torrent, "-o", scene.folder.file("nowhere"), "--no-tracker",
    ])
    #expect(nothing.ending == .exited(32), "\(nothing.errors)")
    #expect(nothing.errors.contains("nothing to seed"))
    #expect(!FileManager.default.fileExists(atPath: scene.folder.file("nowhere")))
  }

  /// `--check` looks at everything again, in spite of what the last run has noted.
  @Test func everythingIsHashedWhenThatIsAskedFor() async throws {
    let scene = try LibraryScene()
    let (seed, address) = try await scene.startSeed()
    let words = [scene.torrent, "-o", scene.folder.file("want"), "--no-tracker", "--json"]
    let first = try scene.start(
      words + ["--peer", address, "--limit-down", "200K"], label: "first")
    try await Condition.wait("some of it is there", timeout: .seconds(100)) {
      try Self.verified(first.output) > 0 || !first.isRunning
    }
    first.signal(SIGHUP)
    let ending = try await first.wait(timeout: .seconds(60))
    #expect(ending == .signalled(SIGHUP), "\(first.errors)")
    let summary = try #require(try JSONLines.parse(first.output).last)
    #expect(summary["event"] as? String == "summary" && summary["interrupted"] as? Bool == true)
    #expect(try #require(summary["downloaded_bytes"] as? Int) > 0)
    for (more, isHashed) in [([], false), (["--check"], true), (["--no-check"], false)] {
      let next = try await scene.run(words + ["--peer", "127.0.0.1:9", "--timeout", "1s"] + more)
      #expect(next.ending == .exited(2), "\(next.errors)")
      let events = try JSONLines.parse(next.output)
      #expect(events.contains { $0["event"] as? String == "checking" } == isHashed, "\(more)")
      #expect(try Self.verified(next.output) > 0, "\(next.output)")
    }
    await seed.stop()
  }

  /// The most that any event says is verified.
  private static func verified(_ output: String) throws -> Int {
    // The last line may be under way.
    let whole = output.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    return try JSONLines.parse(whole.joined(separator: "\n"))
      .compactMap { $0["verified_bytes"] as? Int }.max() ?? 0
  }
}
