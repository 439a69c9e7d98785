import HTTP
import Networking
import Primitives
import TestSupport

import Testing

@testable import Platform

/// A torrent's URL that is being fetched when the process is stopped.
@Suite struct TorrentFetchTests {
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

  /// A server that hangs up on clients that are silent for so long.
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
