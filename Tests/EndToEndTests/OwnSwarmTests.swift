import Foundation
import TestSupport
import Testing

/// Our own tracker, seed and leech as three processes on loopback, as the README shows it.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct OwnSwarmTests {
  @Test(arguments: [true, false])
  func aLeechFinishesWhoeverStartsFirst(leechFirst: Bool) async throws {
    let scene = try OwnSwarmScene()
    let (folder, torrent) = (scene.folder, scene.torrent)
    let (tracker, url) = try await scene.startTracker()
    let leech = ["--tracker", url, "-o", folder.file("want"), torrent]
    let seed = ["seed", "--tracker", url, "-o", folder.file("have"), torrent]
    let first = try scene.start(leechFirst ? leech : seed, label: "first")
    try await Condition.wait("the first has started", timeout: .seconds(20)) {
      first.errors.contains("data.bin") || !first.isRunning
    }
    let second = try scene.start(leechFirst ? seed : leech, label: "second")
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
    let scene = try OwnSwarmScene()
    let (folder, torrent) = (scene.folder, scene.torrent)
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
    let scene = try OwnSwarmScene()
    let (folder, torrent) = (scene.folder, scene.torrent)
    let outcome = try await ProcessRunner.run(
      [try SwiftTorrentBinary.path(), "seed", torrent, "-o", folder.file("empty"), "--no-tracker"])
    #expect(outcome.ending == .exited(32))
  }
}
