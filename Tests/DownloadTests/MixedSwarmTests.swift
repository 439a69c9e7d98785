import Demo
import Download
import Foundation
import Metainfo
import Networking
import Primitives
import TestSupport
import Testing

/// Any mixture of peers with one honest seed among them brings the data, and the right data.
///
/// `SWIFT_TORRENT_MIXTURES=100` tries so many mixtures in place of the usual few.
@Suite(.serialized) struct MixedSwarmTests {
  private static let seeds: [UInt64] = {
    let wish = ProcessInfo.processInfo.environment["SWIFT_TORRENT_MIXTURES"].flatMap(UInt64.init)
    return Array(0..<(wish ?? 10))
  }()

  @Test(arguments: seeds) func everyMixtureEndsWithTheRightBytes(seed: UInt64) async throws {
    var random = SeededRandom(seed: seed &* 7919 &+ 13)
    let pieceLength = 16384 << Int.random(in: 0...6, using: &random)
    let size = Int.random(in: 100_000...1_200_000, using: &random)
    let swarm = try await SimulatedSwarm(seed: 1000 + seed, size: size, pieceLength: pieceLength)
    let mixture = random
    let summary = try await swarm.simulation.run(deadline: .seconds(24 * 3600)) {
      var random = mixture
      if Bool.random(using: &random) {
        let delay = Duration.milliseconds(Int.random(in: 1...3000, using: &random))
        swarm.workers = LateWorkerPool(clock: swarm.clock, delay: delay)
      }
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        try swarm.addPeerByChance(&random)
      }
      try swarm.addSeed(host: Self.host(&random))
      let memory = pieceLength * Int.random(in: 1...6, using: &random)
      let pipeline = Bool.random(using: &random) ? Int.random(in: 1...40, using: &random) : nil
      return try await swarm.run(
        swarm.download {
          $0.session.memoryLimit = memory
          $0.torrent.pipeline = pipeline
        })
    }
    let output = await swarm.output
    #expect(output == swarm.content)
    #expect(summary.progress.verifiedBytes == Int64(size))
    let honest = await swarm.endpoints.last
    #expect(!summary.bannedPeers.contains { $0 == honest })
  }

  static func host(_ random: inout SeededRandom) -> SimulatedHost.Options {
    SimulatedHost.Options(
      latency: .milliseconds(Int.random(in: 0...150, using: &random)),
      uploadRate: Int.random(in: 30_000...2_000_000, using: &random))
  }
}

extension SimulatedSwarm {
  /// Adds a peer that is honest, partial, slow, silent, gone soon, or a liar, or several of these.
  fileprivate func addPeerByChance(_ random: inout SeededRandom) throws {
    var behaviour = SeedBehaviour()
    func amount(_ random: inout SeededRandom) -> Int64 { .random(in: 0...400_000, using: &random) }
    switch Int.random(in: 0..<4, using: &random) {
    case 0: behaviour.corruption = .everyBlock
    case 1: behaviour.corruption = .share(Double.random(in: 0.02...0.5, using: &random))
    default: break
    }
    switch Int.random(in: 0..<6, using: &random) {
    case 0: behaviour.stallsAfter = amount(&random)
    case 1: behaviour.hangsUpAfter = amount(&random)
    case 2: behaviour.tricklesAfter = amount(&random)
    case 3: behaviour.bytesPerSecond = Int.random(in: 1000...60_000, using: &random)
    case 4: behaviour.offence = SeedBehaviour.Offence.allCases.randomElement(using: &random)
    default: break
    }
    behaviour.keepsAlive = Bool.random(using: &random)
    var pieces: Bitfield?
    if Bool.random(using: &random) {
      var some = Bitfield(count: torrent.geometry.pieceCount)
      for piece in torrent.geometry.pieces where Bool.random(using: &random) { some.insert(piece) }
      pieces = some
    }
    try addSeed(behaviour, host: MixedSwarmTests.host(&random), pieces: pieces)
  }
}
