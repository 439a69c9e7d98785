import Download
import HTTP
import Networking
import Primitives
import TestSupport
import Testing
import Tracker

/// Trackers of every bad kind, and one good one.
@Reactor
private final class TrackerCrowd: HTTPClient {
  /// The peers that the good one names.
  let peers: [Endpoint]
  private(set) var hosts: [String] = []
  private let clock: any LoopClock

  init(peers: [Endpoint], clock: any LoopClock) {
    self.peers = peers
    self.clock = clock
  }

  nonisolated func get(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
    try await answer(request)
  }

  private func answer(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
    let host = String(request.url.dropFirst(7).prefix { $0 != "/" })
    hosts.append(host)
    switch host {
    case "silent.example":
      guard await clock.sleep(for: request.timeout) else { throw .cancelled }
      throw .timedOut
    case "slow.example":
      guard await clock.sleep(for: min(request.timeout, .seconds(25))) else { throw .cancelled }
      return HTTPResponse(status: 200, body: Array("d8:intervali900e5:peers0:e".utf8))
    case "round.example": throw .tooManyRedirects(limit: 5)
    case "page.example":
      return HTTPResponse(status: 200, body: Array("<html>this domain is for sale</html>".utf8))
    case "good.example":
      guard await clock.sleep(for: .milliseconds(50)) else { throw .cancelled }
      let compact = peers.flatMap(\.compactBytes)
      return HTTPResponse(
        status: 200,
        body: Array("d11:external ip4:".utf8) + [198, 51, 100, 7]
          + Array("8:intervali900e5:peers\(compact.count):".utf8) + compact + Array("e".utf8))
    default: throw .failed("connection refused")
    }
  }
}

/// One tracker that is dead, slow, silent, or leads elsewhere holds up nobody (BEP 12).
@Suite struct TrackerCrowdTests {
  private static let bad = ["silent", "dead", "slow", "round", "page", "silent"]

  @Reactor
  private static func download(
    _ change: (inout DownloadOptions) -> Void = { _ in }
  ) async throws -> (summary: DownloadSummary, hosts: [String], swarm: SimulatedSwarm) {
    let swarm = try SimulatedSwarm(seed: 31, size: 300_000)
    try swarm.addSeed()
    let crowd = TrackerCrowd(peers: swarm.endpoints, clock: swarm.clock)
    swarm.http = crowd
    let download = swarm.download { options in
      options.torrent.sources.peers = []
      options.torrent.sources.trackers = (Self.bad + ["good"]).enumerated().map { number, name in
        ["http://\(name).example/announce/\(number)"]
      }
      change(&options)
    }
    let summary = try await swarm.simulation.run { try await swarm.run(download) }
    return (summary, crowd.hosts, swarm)
  }

  @Test func theGoodOneIsReachedBehindAllTheOthers() async throws {
    let (summary, _, swarm) = try await Self.download()
    #expect(await swarm.output == swarm.content)
    // A second for each of the three trackers that do not answer.
    #expect(summary.duration < .seconds(5))
    let trackers = summary.progress.trackers
    #expect(trackers.count == 7)
    let good = trackers.first { $0.url.contains("good") }
    #expect(good?.isWorking == true)
    #expect(good?.externalAddress == IPAddress("198.51.100.7"))
    #expect(trackers.first { $0.url.contains("round") }.map(\.isWorking) == false)
    guard case .failed(let words) = trackers.first(where: { $0.url.contains("page") })?.state else {
      Issue.record("a page that is for sale is no answer: \(trackers)")
      return
    }
    #expect(!words.isEmpty)
  }

  @Test func allAreAskedAtOnceWhenThatIsWanted() async throws {
    let (summary, hosts, swarm) = try await Self.download {
      $0.torrent.sources.announcesToAllTrackers = true
    }
    #expect(await swarm.output == swarm.content)
    #expect(summary.duration < .seconds(2))
    #expect(Set(hosts.prefix(7)).count == 6, "\(hosts)")
  }
}
