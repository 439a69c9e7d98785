import Demo
import HTTP
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
  ///   - returns: Whether the seed comes back; else there is another one by then, and the tracker
  ///     names it.
  /// - Throws: What ended the download.
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

  /// By the tracker's interval half an hour of our time would have to pass before it is asked again.
  @Test func theTrackerIsAskedForThoseWhoHaveComeMeanwhile() async throws {
    let (swarm, time) = try await sleepThroughANight(seed: 302, returns: false)
    let isRight = await swarm.output == swarm.content
    #expect(isRight)
    #expect(time < .seconds(60))
  }
}

/// A torrent's URL that is being fetched when the process is stopped.
@Suite struct StandstillFetchTests {
  /// A clock that the test stops.
  @Reactor
  private final class Hand: LoopClock {
    var now = Instant.zero
    var standstill = Duration.zero

    func schedule(at deadline: Instant, _ action: @escaping @Reactor () -> Void) -> TimerID {
      TimerID(value: 0)
    }
    func cancel(_ timer: TimerID) {}
  }

  /// A server that hangs up on whoever is silent for so long.
  @Reactor
  private final class ImpatientServer: HTTPClient {
    let hand: Hand
    var stops: [Duration]
    var requests = 0

    init(_ hand: Hand, stops: [Duration]) {
      self.hand = hand
      self.stops = stops
    }

    nonisolated func get(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
      try await answer()
    }

    private func answer() throws(HTTPError) -> HTTPResponse {
      requests += 1
      guard !stops.isEmpty else { return HTTPResponse(status: 200, body: [1]) }
      hand.standstill += stops.removeFirst()
      throw .failed("the server hung up")
    }
  }

  @Test @Reactor func aRequestThatFailedBecauseOfAStopIsSentAgain() async {
    let hand = Hand()
    let server = ImpatientServer(hand, stops: [.seconds(60), .seconds(3600)])
    let result = await TorrentFetch.get(HTTPRequest(url: "http://t/"), over: server, hand)
    #expect(result == .success(.bytes([1])))
    #expect(server.requests == 3)
  }

  @Test @Reactor func anyOtherFailureIsFinal() async {
    let hand = Hand()
    let server = ImpatientServer(hand, stops: [.milliseconds(10)])
    let result = await TorrentFetch.get(HTTPRequest(url: "http://t/"), over: server, hand)
    #expect(result == .failure(.failed("\(HTTPError.failed("the server hung up"))")))
    #expect(server.requests == 1)
  }
}
