import Demo
import Download
import Networking
import Primitives
import TestSupport
import Testing

/// Peers that choke and unchoke us all the time: they give what their rate allows meanwhile.
@Suite(.serialized) struct ChokeFlapTests {
  struct Rhythm: Sendable, CustomTestStringConvertible {
    let spell: Duration
    /// The size of the torrent, large enough for several spells.
    let size: Int
    var testDescription: String { "\(spell) on, \(spell) off" }

    /// The time that a peer of that rate needs for the data if nothing is lost: the time in which
    /// it serves us, and the pauses between.
    func ideal(bytesPerSecond: Int) -> Double {
      let serving = Double(size) / Double(bytesPerSecond)
      return serving + (serving / spell.inSeconds).rounded(.down) * spell.inSeconds
    }
  }

  static let rate = 1 << 20
  static let rhythms = [
    Rhythm(spell: .milliseconds(50), size: 8 << 20),
    Rhythm(spell: .milliseconds(300), size: 8 << 20),
    Rhythm(spell: .seconds(1), size: 8 << 20),
    Rhythm(spell: .seconds(5), size: 18 << 20),
    Rhythm(spell: .seconds(30), size: 34 << 20),
  ]

  private func flapping(_ spell: Duration) -> SeedBehaviour {
    var behaviour = SeedBehaviour()
    behaviour.bytesPerSecond = Self.rate
    behaviour.chokeRhythm = spell
    return behaviour
  }

  /// The time may exceed the ideal by a quarter, for the round trip and the block that each choke
  /// costs, and by two seconds for the beginning.
  @Test(arguments: rhythms)
  func aPeerThatChokesInAnyRhythmGivesWhatItsRateAllowsMeanwhile(_ rhythm: Rhythm) async throws {
    let swarm = try await SimulatedSwarm(seed: 81, size: rhythm.size, pieceLength: 1 << 18)
    let summary = try await swarm.simulation.run(deadline: .seconds(3600)) {
      swarm.leecherHost.options.latency = .milliseconds(1)
      try swarm.addSeed(flapping(rhythm.spell), host: .init(latency: .milliseconds(1)))
      return try await swarm.run(swarm.download())
    }
    let output = await swarm.output
    #expect(output == swarm.content)
    let ideal = rhythm.ideal(bytesPerSecond: Self.rate)
    #expect(summary.duration < .seconds(ideal * 1.25 + 2), "\(ideal) s if nothing is lost")
    // Every block that came was asked for, once, and counts.
    #expect(summary.progress.downloadedBytes == Int64(rhythm.size))
    #expect(summary.progress.wastedBytes == 0)
  }

  /// 1,000 of them, and nothing was fetched or counted twice.
  @Test func aThousandChokesCostNoByte() async throws {
    let swarm = try await SimulatedSwarm(seed: 82, size: 48 << 20, pieceLength: 1 << 18)
    let summary = try await swarm.simulation.run(deadline: .seconds(3600)) {
      swarm.leecherHost.options.latency = .milliseconds(1)
      try swarm.addSeed(flapping(.milliseconds(50)), host: .init(latency: .milliseconds(1)))
      return try await swarm.run(swarm.download())
    }
    #expect(summary.duration > .seconds(95), "about 1,000 chokes")
    #expect(summary.progress.downloadedBytes == 48 << 20)
    #expect(summary.progress.wastedBytes == 0)
    #expect(await swarm.seeds[0].tally.servedBytes == 48 << 20)
  }

  /// While one peer chokes us, others are asked for the blocks that it owed; its own pieces wait
  /// for it.
  @Test(arguments: [50, 300, 1000, 5000])
  func aSteadySlowPeerBesideItAddsWhatItBrings(spell: Int) async throws {
    let size = 12 << 20
    let swarm = try await SimulatedSwarm(seed: 83, size: size, pieceLength: 1 << 18)
    let summary = try await swarm.simulation.run(deadline: .seconds(3600)) {
      swarm.leecherHost.options.latency = .milliseconds(1)
      let host = SimulatedHost.Options(latency: .milliseconds(1))
      try swarm.addSeed(flapping(.milliseconds(spell)), host: host)
      var steady = SeedBehaviour()
      steady.bytesPerSecond = Self.rate / 4
      try swarm.addSeed(steady, host: host)
      return try await swarm.run(swarm.download())
    }
    let output = await swarm.output
    #expect(output == swarm.content)
    let ideal = Double(size) / (Double(Self.rate) * 0.75)
    #expect(summary.duration < .seconds(ideal * 1.25 + 2), "\(ideal) s if nothing is lost")
    #expect(summary.progress.wastedBytes < size / 50)
  }

  /// Such spells leave time for nothing, and would have us ask for thousands of blocks for each few
  /// bytes.
  @Test func chokesWithoutEndAreNotAnsweredEachTime() async throws {
    let swarm = try await SimulatedSwarm(seed: 84, size: 2_000_000)
    let answered = try await swarm.simulation.run { () async throws -> Int in
      try swarm.addSeed(host: .init(uploadRate: 200_000))
      let waverer = RawPeer(swarm, at: .v4(0x0A4D_0200), id: nil)
      return try await withThrowingTaskGroup(of: Int.self) { group in
        group.addTask { await waverer.flap(5000, every: .milliseconds(1)) }
        let summary = try await swarm.run(swarm.download { $0.session.port = 7000 })
        #expect(summary.duration < .seconds(16))
        return try await group.next() ?? 0
      }
    }
    // In five seconds 25 spells a second, those of a second at once, of 5 requests of 17 bytes; and
    // our other messages.
    #expect(answered > 17 * 25)
    #expect(answered < 17 * 5 * 25 * 6 + 1000)
  }
}
