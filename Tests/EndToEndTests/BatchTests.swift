import Foundation
import Metainfo
import TestSupport
import Testing

/// Many small torrents, a tracker that knows one seed for all of them, and the program itself.
struct BatchScene {
  let folder: TemporaryFolder
  let count: Int
  private let contents: [[UInt8]]

  init(count: Int) throws {
    folder = try TemporaryFolder()
    self.count = count
    contents = (0..<count).map { number in
      (0..<(20_000 + 1000 * number)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ number) }
    }
  }

  func torrent(_ number: Int) -> String { folder.file("t\(number).torrent") }

  /// Writes the data into `have` and the torrents beside it.
  func write(tracker: String) throws {
    let have = try folder.makeFolder("have")
    for number in 0..<count {
      var builder = TorrentBuilder(name: "data \(number)", pieceLength: 16384)
      builder.trackers = [[tracker]]
      let bytes = builder.torrent(content: contents[number])
      try Data(bytes).write(to: URL(fileURLWithPath: torrent(number)))
      try Data(contents[number]).write(to: URL(fileURLWithPath: "\(have)/data \(number)"))
    }
  }

  /// Starts the program with words for a shell, which may redirect.
  func start(_ words: String, label: String) throws -> ChildProcess {
    try ChildProcess(
      ["sh", "-c", "exec '\(try SwiftTorrentBinary.path())' \(words)"], logsIn: folder.path,
      label: label)
  }

  /// Starts a tracker, and a seed of everything.
  func startSwarm() async throws -> [ChildProcess] {
    let tracker = try start("tracker --listen 127.0.0.1:0", label: "tracker")
    try await Condition.wait("the tracker listens", timeout: .seconds(20)) {
      tracker.output.contains("/announce") || !tracker.isRunning
    }
    try write(tracker: String(tracker.output.prefix { $0 != "\n" }))
    let list = (0..<count).map { torrent($0) }.joined(separator: "\n")
    try folder.write(list, to: "seeds.txt")
    let seed = try start(
      "seed -i '\(folder.path)/seeds.txt' -o '\(folder.path)/have'", label: "seed")
    try await Condition.wait("everything is served", timeout: .seconds(60)) {
      seed.errors.components(separatedBy: "listening for peers").count > count || !seed.isRunning
    }
    return [seed, tracker]
  }

  func isComplete(_ number: Int, in name: String) -> Bool {
    let path = folder.file("\(name)/data \(number)")
    let left = folder.file("\(name)/data \(number).swift-torrent")
    return FileManager.default.contents(atPath: path) == Data(contents[number])
      && !FileManager.default.fileExists(atPath: left)
  }
}

@Suite(.serialized, .timeLimit(.minutes(3)))
struct BatchTests {
  @Test func aBatchFinishesWhatCanBeDoneAndEndsWithTheFirstFailure() async throws {
    let scene = try BatchScene(count: 30)
    let swarm = try await scene.startSwarm()
    // Three fail, each in its own way; the last of them in the list is not the first to fail.
    try FileManager.default.removeItem(atPath: scene.torrent(7))
    try scene.folder.write("this is no torrent", to: "t3.torrent")
    try scene.folder.makeFolder("else")
    try scene.folder.write("somebody else's", to: "else/data 20")
    let lines = (0..<30).map { number in
      scene.torrent(number) + (number == 20 ? "\t\(scene.folder.path)/else" : "")
    }
    try scene.folder.write(
      "# a list\n\n" + lines.joined(separator: "\n") + "\n", to: "list.txt")
    let words =
      "-i - --jobs 4 -o '\(scene.folder.path)/want' --json < '\(scene.folder.path)/list.txt'"
    let run = try scene.start(words, label: "run")
    let ending = try await run.wait(timeout: .seconds(100))
    #expect(ending == .exited(25), "\(run.errors)")
    for number in 0..<30 where ![3, 7, 20].contains(number) {
      let isComplete = scene.isComplete(number, in: "want")
      #expect(isComplete, "torrent \(number)")
    }
    #expect(run.errors.contains("27 of 30 torrents complete, 3 failed"))
    #expect(run.errors.contains("t7.torrent: no such file"))
    let events = try JSONLines.parse(run.output)
    #expect(events.first?["schema"] as? Int == 1)
    #expect(events.first?["sources"] as? Int == 30)
    #expect(events.last?["event"] as? String == "summary")
    #expect(events.last?["status"] as? Int == 25)
    #expect(events.filter { $0["event"] as? String == "completed" }.count == 27)
    let failures = events.filter { $0["event"] as? String == "failed" }
    let statuses = Dictionary(
      uniqueKeysWithValues: failures.map { ($0["source"] as? Int ?? 0, $0["status"] as? Int ?? 0) })
    #expect(statuses == [4: 25, 8: 3, 21: 13])

    // Once more: nothing is left to do, and nobody is asked for anything.
    for process in swarm { await process.stop() }
    let again = try scene.start(words + " ", label: "again")
    let secondEnding = try await again.wait(timeout: .seconds(60))
    #expect(secondEnding == .exited(25), "\(again.errors)")
    let second = try JSONLines.parse(again.output)
    let complete = second.filter { $0["already_complete"] as? Bool == true }
    #expect(complete.count == 27)
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func aSignalStopsAllOfABatchWithinTwoSeconds(signal: Int32) async throws {
    let scene = try BatchScene(count: 6)
    let silent = try SilentServer()
    try scene.write(tracker: "http://127.0.0.1:\(silent.port)/announce")
    let sources = (0..<6).map { "'\(scene.torrent($0))'" }.joined(separator: " ")
    let run = try scene.start(
      "\(sources) -j 3 -o '\(scene.folder.path)/want' --json", label: "run")
    try await Condition.wait("three have started", timeout: .seconds(20)) {
      run.output.components(separatedBy: "\"listening\"").count == 4 || !run.isRunning
    }
    run.signal(signal)
    let ending = try await run.wait(timeout: .milliseconds(2500))
    #expect(ending == .signalled(signal), "\(run.errors)")
    #expect(run.errors.contains("0 of 6 torrents complete, 6 interrupted"), "\(run.errors)")
    let events = try JSONLines.parse(run.output)
    #expect(events.filter { $0["event"] as? String == "stopped" }.count == 6)
    #expect(events.last?["interrupted"] as? Bool == true)
  }

  @Test func theSecondOfTwoSourcesWithTheSameOutputIsRefused() async throws {
    let scene = try BatchScene(count: 1)
    let silent = try SilentServer()
    try scene.write(tracker: "http://127.0.0.1:\(silent.port)/announce")
    let source = "'\(scene.torrent(0))'"
    let run = try scene.start("\(source) \(source) -o '\(scene.folder.path)/want'", label: "run")
    try await Condition.wait("one is refused", timeout: .seconds(20)) {
      run.errors.contains("error") || !run.isRunning
    }
    #expect(run.errors.contains("another run holds"), "\(run.errors)")
    run.signal(SIGTERM)
    try await run.wait(timeout: .seconds(4))
  }

  @Test func allTorrentsOfARunShareOnePort() async throws {
    let scene = try BatchScene(count: 8)
    try scene.write(tracker: "http://127.0.0.1:1/announce")
    let sources = (0..<8).map { "'\(scene.torrent($0))'" }.joined(separator: " ")
    let path = scene.folder.path
    let words = "\(sources) --no-tracker --no-dht"
    let seed = try scene.start(
      "seed \(words) -o '\(path)/have' --port 27001 --json", label: "seed")
    try await Condition.wait("all are seeded", timeout: .seconds(60)) {
      seed.output.components(separatedBy: "\"seeding\"").count > 8 || !seed.isRunning
    }
    let run = try scene.start(
      "\(words) -o '\(path)/want' --peer 127.0.0.1:27001 --port 27002 --json", label: "run")
    let ending = try await run.wait(timeout: .seconds(60))
    #expect(ending == .exited(0), "\(run.errors)")
    for number in 0..<8 {
      let isComplete = scene.isComplete(number, in: "want")
      #expect(isComplete, "torrent \(number)")
    }
    for (output, port) in [(seed.output, 27001), (run.output, 27002)] {
      let ports = try JSONLines.parse(output).filter { $0["event"] as? String == "listening" }
        .compactMap { $0["port"] as? Int }
      #expect(!ports.isEmpty && Set(ports) == [port])
    }
    await seed.stop()
  }

  @Test func aListThatCannotBeUsedEndsBeforeAnythingBegins() async throws {
    let scene = try BatchScene(count: 1)
    try scene.write(tracker: "http://127.0.0.1:1/announce")
    try scene.folder.write(scene.torrent(0) + "\n-\n", to: "list.txt")
    let run = try scene.start(
      "-i '\(scene.folder.path)/list.txt' -o '\(scene.folder.path)/want'", label: "run")
    let ending = try await run.wait(timeout: .seconds(20))
    #expect(ending == .exited(28))
    #expect(run.errors.contains("line 2"), "\(run.errors)")
    #expect(!FileManager.default.fileExists(atPath: scene.folder.file("want")))
    let missing = try scene.start("-i '\(scene.folder.path)/none'", label: "missing")
    let missingEnding = try await missing.wait(timeout: .seconds(20))
    #expect(missingEnding == .exited(3))
  }
}

/// A reader of the lines that `--json` writes.
enum JSONLines {
  static func parse(_ text: String) throws -> [[String: Any]] {
    try text.split(separator: "\n").map { line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
      return try #require(object as? [String: Any], "\(line)")
    }
  }
}
