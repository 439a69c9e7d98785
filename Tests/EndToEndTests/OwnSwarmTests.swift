import Foundation
import Metainfo
import TestSupport
import Testing

/// Our own tracker, seed and leech as three processes on loopback: what the README shows.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct OwnSwarmTests {
  /// Data in `have`, the torrent of it, and the program.
  private struct Scene {
    let folder = Result { try TemporaryFolder() }
    let content: [UInt8]

    init() {
      var state: UInt64 = 42
      content = (0..<3_000_001).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 56)
      }
    }

    func prepare() throws -> (folder: TemporaryFolder, torrent: String) {
      let folder = try folder.get()
      let have = try folder.makeFolder("have")
      try Data(content).write(to: URL(fileURLWithPath: "\(have)/data.bin"))
      let torrent = folder.file("data.torrent")
      let builder = TorrentBuilder(name: "data.bin", pieceLength: 65536)
      try Data(builder.torrent(content: content)).write(to: URL(fileURLWithPath: torrent))
      return (folder, torrent)
    }
  }

  private func start(
    _ arguments: [String], label: String, in folder: TemporaryFolder
  ) throws -> ChildProcess {
    try ChildProcess(
      [try SwiftTorrentBinary.path()] + arguments, logsIn: folder.path, label: label)
  }

  /// Starts a tracker on a free port and returns its announce URL.
  private func startTracker(in folder: TemporaryFolder) async throws -> (ChildProcess, String) {
    let process = try start(["tracker", "--listen", "127.0.0.1:0"], label: "tracker", in: folder)
    try await Condition.wait("the tracker listens", timeout: .seconds(20)) {
      process.output.contains("/announce") || !process.isRunning
    }
    let words = process.output.split { $0 == " " || $0 == "\n" }
    let url = try #require(words.first { $0.hasPrefix("http://") }, "\(process.errors)")
    return (process, String(url))
  }

  @Test(arguments: [true, false])
  func aLeechFinishesWhoeverStartsFirst(leechFirst: Bool) async throws {
    let scene = Scene()
    let (folder, torrent) = try scene.prepare()
    let (tracker, url) = try await startTracker(in: folder)
    let leech = ["--tracker", url, "-o", folder.file("want"), torrent]
    let seed = ["seed", "--tracker", url, "-o", folder.file("have"), torrent]
    let first = try start(leechFirst ? leech : seed, label: "first", in: folder)
    try await Condition.wait("the first has started", timeout: .seconds(20)) {
      first.errors.contains("data.bin") || !first.isRunning
    }
    let second = try start(leechFirst ? seed : leech, label: "second", in: folder)
    let waiting = leechFirst ? first : second
    let ending = try await waiting.wait(timeout: .seconds(20))
    #expect(ending == .exited(0), "\(waiting.errors)")
    let got = FileManager.default.contents(atPath: folder.file("want/data.bin"))
    #expect(got == Data(scene.content))
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.file("want"))
    #expect(left == ["data.bin"])
    for process in [leechFirst ? second : first, tracker] { await process.stop() }
  }

  @Test func aCompleteOutputEndsWith0AndAForeignOneWith13() async throws {
    let scene = Scene()
    let (folder, torrent) = try scene.prepare()
    let complete = try await ProcessRunner.run(
      [try SwiftTorrentBinary.path(), torrent, "-o", folder.file("have"), "--no-tracker", "-q"])
    #expect(complete.ending == .exited(0))
    #expect(complete.errors.isEmpty)
    try folder.write("somebody else's", to: "have/data.bin")
    let foreign = try await ProcessRunner.run(
      [try SwiftTorrentBinary.path(), torrent, "-o", folder.file("have"), "--no-tracker"])
    #expect(foreign.ending == .exited(13))
    #expect(foreign.errors.contains("--overwrite"))
    let kept = FileManager.default.contents(atPath: folder.file("have/data.bin"))
    #expect(kept == Data("somebody else's".utf8))
  }

  @Test func aSeedWithoutItsDataEndsWith32() async throws {
    let (folder, torrent) = try Scene().prepare()
    let outcome = try await ProcessRunner.run(
      [try SwiftTorrentBinary.path(), "seed", torrent, "-o", folder.file("empty"), "--no-tracker"])
    #expect(outcome.ending == .exited(32))
  }
}
