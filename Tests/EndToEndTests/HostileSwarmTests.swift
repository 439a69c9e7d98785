import Demo
import Foundation
import Metainfo
import Networking
import TestSupport
import Testing

/// A small swarm of our own programs, with peers in it that do harm.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct HostileSwarmTests {
  @Test func corruptingStallingAndDisconnectingPeersDoNoHarm() async throws {
    let scene = try OwnSwarmScene()
    let cast = try await HostileCast(torrent: scene.metainfo, content: scene.content)
    let result = await withTaskGroup(of: Void.self) { group in
      group.addTask {
        await withTaskExecutorPreference(Reactor.taskExecutor) { await cast.run() }
      }
      let result: Result<Void, any Error>
      do {
        result = .success(try await downloadTwice(scene, among: cast))
      } catch {
        result = .failure(error)
      }
      await cast.stop()
      return result
    }
    try result.get()
  }

  /// The download begins with a magnet link, whose torrent some of the peers lie about.
  @Test func liarsAboutTheMetadataDoNoHarm() async throws {
    let scene = try OwnSwarmScene(pieceLength: 1 << 10)
    let manners: [SeedBehaviour.Metadata] = [
      .wrong, .silent, .rejecting, .claiming(-1), .claiming(1 << 40), .claiming(30 << 20),
      .claiming(20_000), .unknown, .honest, .honest,
    ]
    var seeds: [ScriptedSeed] = []
    for manner in manners {
      var behaviour = SeedBehaviour()
      behaviour.metadata = manner
      seeds.append(
        try await HostileCast.seed(behaviour, of: scene.metainfo, scene.content))
    }
    let result = await withTaskGroup(of: Void.self) { group in
      for seed in seeds {
        group.addTask {
          await withTaskExecutorPreference(Reactor.taskExecutor) { await seed.run() }
        }
      }
      let result: Result<Void, any Error>
      do {
        result = .success(try await fetch(scene, from: seeds))
      } catch {
        result = .failure(error)
      }
      for seed in seeds { await seed.stop() }
      return result
    }
    try result.get()
  }

  private func fetch(_ scene: OwnSwarmScene, from seeds: [ScriptedSeed]) async throws {
    var peers: [String] = []
    for seed in seeds { peers.append("\(await seed.endpoint)") }
    let leech = try scene.start(
      ["\(scene.metainfo.infoHash)", "-o", scene.folder.file("one"), "--verbose"]
        + peers.flatMap { ["--peer", $0] }, label: "one")
    let ending = try await leech.wait(timeout: .seconds(90))
    #expect(ending == .exited(0), "\(leech.errors)")
    #expect(try scene.isComplete("one"))
    let bans = leech.errors.split(separator: "\n").filter { $0.hasPrefix("banned ") }
    #expect(bans.allSatisfy { $0.hasPrefix("banned \(peers[0]): ") }, "\(leech.errors)")
  }

  /// Two leeches meet the hostile peers first, then each other and a seed that finds them through
  /// the tracker.
  private func downloadTwice(_ scene: OwnSwarmScene, among cast: HostileCast) async throws {
    let (tracker, url) = try await scene.startTracker()
    let peers = await cast.endpoints.flatMap { ["--peer", $0] }
    let leeches = try ["one", "two"].map { name in
      try scene.start(
        [scene.torrent, "-o", scene.folder.file(name), "--tracker", url] + peers, label: name)
    }
    try await Condition.wait("the hostile peers have acted", timeout: .seconds(30)) {
      await cast.hasActed(on: leeches.count)
    }
    let seed = try scene.start(
      ["seed", scene.torrent, "-o", scene.folder.file("have"), "--tracker", url], label: "seed")
    let liars = await cast.liars
    for (name, leech) in zip(["one", "two"], leeches) {
      let ending = try await leech.wait(timeout: .seconds(60))
      #expect(ending == .exited(0), "\(leech.errors)")
      let isComplete = try scene.isComplete(name)
      #expect(isComplete)
      let bans = leech.errors.split(separator: "\n").filter { $0.hasPrefix("banned ") }
      #expect(bans.contains { $0.hasPrefix("banned \(liars[0]): ") }, "\(leech.errors)")
      let isJust = bans.allSatisfy { ban in liars.contains { ban.hasPrefix("banned \($0): ") } }
      #expect(isJust, "\(leech.errors)")
    }
    for process in [seed, tracker] { await process.stop() }
  }
}
