import Demo
import Download
import Foundation
import Networking
import Primitives
import TestSupport
import Testing

/// Downloads that are killed again and again, each from a seed of its own in the test's process.
///
/// All of them share one promise: the bytes fetched in all are the size and, for each kill, no more
/// than the pieces that were not complete and a second of the limit.
@Suite(.serialized, .timeLimit(.minutes(8)))
struct KillTests {
  private static let limit = 256 << 10
  private static let pieceLength = 32 << 10
  private static let kills = 50
  private static let lanes = 10

  @Test func fiftyKillsCostNoPieceThatWasThere() async throws {
    let scene = try OwnSwarmScene(size: 2_000_001, pieceLength: Self.pieceLength)
    var lanes: [KillLane] = []
    for number in 0..<Self.lanes {
      lanes.append(try await KillLane(scene: scene, number: number))
    }
    let costs = try await withThrowingTaskGroup(of: KillLane.Cost?.self) { group in
      for lane in lanes {
        group.addTask {
          await withTaskExecutorPreference(Reactor.taskExecutor) { await lane.seed.run() }
          return nil
        }
        group.addTask { try await lane.run(kills: Self.kills / Self.lanes, limit: Self.limit) }
      }
      var costs: [KillLane.Cost] = []
      while costs.count < Self.lanes, let cost = try await group.next() {
        if let cost { costs.append(cost) }
      }
      for lane in lanes { await lane.seed.stop() }
      return costs
    }
    let downloads = costs.reduce(0) { $0 + $1.downloads }
    let served = costs.reduce(0) { $0 + $1.servedBytes }
    // A window as wide as a second of the limit leaves several pieces incomplete.
    let perKill = Self.limit + 4 * Self.pieceLength
    #expect(served <= Int64(downloads * scene.content.count + Self.kills * perKill), "\(costs)")
    #expect(costs.reduce(0) { $0 + $1.kills } == Self.kills)
    // Kills that all came before the first byte would prove nothing.
    #expect(costs.reduce(0) { $0 + $1.killsOnTheWay } >= Self.kills / 4, "\(costs)")
  }
}

/// One download after the other, and their cost.
@Reactor
private final class KillLane {
  /// The bytes that were fetched in all, and the numbers of downloads and kills.
  struct Cost: Sendable {
    var downloads = 0
    var kills = 0
    /// Kills of a run that had fetched something, and was not done.
    var killsOnTheWay = 0
    var servedBytes: Int64 = 0
  }

  let seed: ScriptedSeed
  private let scene: OwnSwarmScene
  private let number: Int
  private var random: SeededRandom

  init(scene: OwnSwarmScene, number: Int) throws {
    self.scene = scene
    self.number = number
    random = SeededRandom(seed: UInt64(4000 + number))
    let environment = Environment.live()
    seed = try ScriptedSeed(
      torrent: scene.metainfo, content: scene.content,
      at: Endpoint(address: .loopback4, port: 0), network: environment.network,
      clock: environment.clock, random: SeededRandom(seed: UInt64(number)))
  }

  /// Kills so many lives, and lets the last download come to its end.
  func run(kills: Int, limit: Int) async throws -> Cost {
    var cost = Cost()
    while cost.kills < kills {
      // A download that ends before it has been killed often enough is followed by another one.
      let name = "want \(number) \(cost.downloads)"
      var isComplete = false
      while !isComplete {
        let isLast = cost.kills == kills
        let served = seed.tally.servedBytes
        let process = try start(name, limit: limit)
        if !isLast {
          try await waitForTheMoment(process)
          process.signal(SIGKILL)
        }
        let ending = try await process.wait(timeout: .seconds(120))
        isComplete = ending == .exited(0)
        if ending == .signalled(SIGKILL) {
          cost.kills += 1
          if seed.tally.servedBytes > served { cost.killsOnTheWay += 1 }
        } else if !isComplete {
          throw ProcessError.conditionNotMet("a resumed run ends well: \(process.errors)")
        }
      }
      let isRight = try scene.isComplete(name)
      #expect(isRight, "\(name)")
      cost.downloads += 1
    }
    cost.servedBytes = seed.tally.servedBytes
    return cost
  }

  private func start(_ name: String, limit: Int) throws -> ChildProcess {
    try scene.start(
      [
        scene.torrent, "-o", scene.folder.file(name), "--peer", "\(seed.endpoint)", "--no-tracker",
        "--limit-down", "\(limit)", "--quiet",
      ], label: "run \(number)")
  }

  /// Waits for some moment: at the start for one kill in four, else when a random amount has been
  /// fetched.
  private func waitForTheMoment(_ process: ChildProcess) async throws {
    if Int.random(in: 0..<4, using: &random) == 0 {
      return try await Task.sleep(for: .milliseconds(Int.random(in: 0..<200, using: &random)))
    }
    let goal = seed.tally.servedBytes + Int64.random(in: 1...1_400_000, using: &random)
    try await Condition.wait("the seed has served some", timeout: .seconds(120)) {
      self.seed.tally.servedBytes >= goal || !process.isRunning
    }
  }
}
