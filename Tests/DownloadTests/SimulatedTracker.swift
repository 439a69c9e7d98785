import TestSupport
import HTTP
import Networking
import Primitives

/// A tracker of a simulated world that records the announces that it receives.
@Reactor
final class SimulatedTracker: HTTPClient {
  /// The peers that it names.
  var peers: [Endpoint] = []
  /// The time that it takes to answer.
  var delay = Duration.milliseconds(20)
  /// The number of the request, counted from 0, from which on it does not answer any more.
  var hangsFrom = Int.max
  /// True if it refuses everybody.
  var isBroken = false
  /// The events that it was told, `-` for none, in the order in which the requests came.
  private(set) var events: [String] = []
  /// The number of missing bytes that each of those requests stated.
  private(set) var left: [Int64] = []
  private let clock: any LoopClock

  init(clock: any LoopClock) {
    self.clock = clock
  }

  nonisolated func get(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
    try await answer(request)
  }

  private func answer(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
    let event = request.url.split(separator: "event=").dropFirst().first
    let number = events.count
    events.append(event.map { String($0.prefix { $0 != "&" }) } ?? "-")
    let missing = request.url.split(separator: "&left=").dropFirst().first
    left.append(missing.flatMap { Int64($0.prefix { $0 != "&" }) } ?? -1)
    let time = number >= hangsFrom ? request.timeout : min(delay, request.timeout)
    guard await clock.sleep(for: time) else { throw .cancelled }
    if number >= hangsFrom { throw .timedOut }
    if isBroken { throw .failed("connection refused") }
    let compact = peers.flatMap(\.compactBytes)
    return HTTPResponse(
      status: 200,
      body: Array("d8:intervali1800e5:peers\(compact.count):".utf8) + compact + Array("e".utf8))
  }
}

extension SimulatedSwarm {
  static let trackerURL = "http://10.77.9.9/announce"

  /// Lets the clients of this world reach a tracker, which names the seeds that there are by now.
  func addTracker() -> SimulatedTracker {
    let tracker = SimulatedTracker(clock: clock)
    tracker.peers = endpoints
    http = tracker
    return tracker
  }
}
