import Demo
import Networking
import Primitives
import TestSupport
import Testing

@testable import Download

/// Time for which our process is stopped, or the machine asleep, is nobody's silence.
@Suite(.serialized) struct StandstillTests {
  private static let night = Duration.seconds(8 * 3600)

  /// A leecher with short deadlines, whose process is stopped for a night in which its seed hangs up.
  ///
  /// - Parameters:
  ///   - seed: The world.
  ///   - returns: True if the seed comes back; otherwise another one has come by then, and the
  ///     tracker names it.
  /// - Throws: The error that ended the download.
  /// - Returns: The world, and the process's time that the download took.
  private func sleepThroughANight(
    seed: UInt64, returns: Bool
  ) async throws -> (swarm: SimulatedSwarm, time: Duration) {
    let swarm = try await SimulatedSwarm(seed: seed, size: 2_000_000)
    let time = try await swarm.simulation.run {
      let world = swarm.simulation.clock
      let process = StoppableClock(world)
      swarm.processClock = process
      let host = try swarm.addSeed(host: .init(uploadRate: 100_000)).host
      let other = try swarm.addSeed().seed
      let tracker = swarm.addTracker()
      tracker.peers = [swarm.endpoints[0]]
      let machine = swarm.simulation.network.host(SimulatedSwarm.leecherAddress)
      let download = swarm.download {
        $0.torrent.sources.peers = []
        $0.torrent.sources.trackers = [[SimulatedSwarm.trackerURL]]
        $0.torrent.limits.deadlines.total = .seconds(120)
        $0.torrent.limits.deadlines.stall = .seconds(20)
        $0.torrent.limits.deadlines.peers = .seconds(20)
      }
      _ = world.schedule(after: .seconds(8)) {
        process.stop()
        machine.stopProcess()
      }
      _ = world.schedule(after: .seconds(600)) {
        host.disappear()
        if returns { host.appear() } else { tracker.peers = [other.endpoint] }
      }
      _ = world.schedule(after: Self.night) {
        process.resume()
        machine.resumeProcess()
      }
      let start = process.now
      _ = try await swarm.run(download)
      #expect(world.now - SimulatedClock.origin > Self.night, "it was done before the night")
      return process.now - start
    }
    return (swarm, time)
  }

  @Test func aPeerThatHungUpMeanwhileIsDialledAgain() async throws {
    let (swarm, time) = try await sleepThroughANight(seed: 301, returns: true)
    let isRight = await swarm.output == swarm.content
    #expect(isRight)
    #expect(time < .seconds(60))
  }

  /// By its interval, the tracker would not be asked again before half an hour of our time has
  /// passed.
  @Test func theTrackerIsAskedForThoseWhoHaveComeMeanwhile() async throws {
    let (swarm, time) = try await sleepThroughANight(seed: 302, returns: false)
    let isRight = await swarm.output == swarm.content
    #expect(isRight)
    #expect(time < .seconds(60))
  }
}
