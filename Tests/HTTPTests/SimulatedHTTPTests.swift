import Networking
import Primitives
import TestSupport
import Testing

@testable import HTTP

/// The client in a simulated network, where a server can be anywhere and time costs nothing.
@Suite(.timeLimit(.minutes(5))) struct SimulatedHTTPTests {
  private static let here = IPAddress.v4(0x0A4D_0001)
  private static let far = IPAddress.v4(0x0808_0808)

  /// Runs `body` with a client beside a server at a far address called `far.example`.
  private func simulate(
    at address: IPAddress = far,
    answering answer:
      @escaping @Sendable @Reactor (
        ScriptedHTTPServer.Request
      ) -> ScriptedHTTPServer.Answer,
    _ body:
      @escaping @Sendable @Reactor (StandardHTTPClient, ScriptedHTTPServer, Simulation)
      async throws -> Void
  ) async throws {
    let simulation = await Simulation(seed: 11)
    try await simulation.run { @Reactor in
      let network = simulation.network
      network.setName("far.example", to: [address])
      network.setName("local.example", to: [Self.here])
      let server = try ScriptedHTTPServer(
        at: Endpoint(address: address, port: 80), network: network.host(address), answer: answer)
      let http = StandardHTTPClient(
        userAgent: "test", network: network.host(Self.here), clock: simulation.clock,
        proxies: ProxyRules { _ in nil })
      try await withThrowingTaskGroup { group in
        group.addTask { await server.run() }
        defer {
          server.stop()
          group.cancelAll()
        }
        try await body(http, server, simulation)
      }
    }
  }

  private static func failure(
    _ body: @Reactor () async throws(HTTPError) -> Void
  ) async -> HTTPError? {
    do throws(HTTPError) {
      try await body()
      return nil
    } catch {
      return error
    }
  }

  private static func get(
    _ http: StandardHTTPClient, _ url: String, _ use: URLPolicy.Use = .file,
    allowed: Bool = false
  ) async -> HTTPError? {
    await failure { () async throws(HTTPError) in
      var request = HTTPRequest(url: url)
      request.policy = URLPolicy(use, allowsLocalURLs: allowed)
      _ = try await http.get(request)
    }
  }

  @Test func aRedirectFromOutsideToTheInsideIsRefused() async throws {
    try await simulate(answering: { _ in
      .lastBytes(ScriptedHTTPServer.response(302, "Location: http://local.example/x\r\n"))
    }) { http, server, _ in
      let error = await Self.get(http, "http://far.example/")
      #expect(error == .refused(.redirectToLocalAddress("local.example")))
      // The switch allows the redirect, to a host where nobody listens.
      let other = await Self.get(http, "http://far.example/", allowed: true)
      #expect(other == .failed("connect failed: Connection refused"))
      #expect(server.requests.count == 2)
    }
  }

  @Test func addressesThatAreRefusedGetNoRequest() async throws {
    try await simulate(at: Self.here, answering: { _ in .silence }) { http, server, _ in
      let error = await Self.get(http, "http://far.example/f?q", .webSeed)
      #expect(error == .refused(.localWebSeedQuery("far.example")))
      #expect(server.connectionCount == 0)
    }
  }

  @Test func allAddressesOfAHostAreTried() async throws {
    try await simulate(answering: { _ in
      .lastBytes(ScriptedHTTPServer.response(200, body: Array("hi".utf8)))
    }) { http, server, simulation in
      simulation.network.setName("two.example", to: [.v4(0x0909_0909), Self.far])
      let response = try await http.get(HTTPRequest(url: "http://two.example/"))
      #expect(response.body == Array("hi".utf8))
      #expect(server.requests.first?.head.contains("Host: two.example\r\n") == true)
      // The first address does not answer: half of the ten seconds, then the next.
      let elapsed = simulation.clock.now - SimulatedClock.origin
      #expect(elapsed > .seconds(5) && elapsed < .seconds(6))
      var pinned = HTTPRequest(url: "http://two.example/")
      pinned.address = .v4(0x0909_0909)
      let request = pinned
      let error = await Self.failure { () async throws(HTTPError) in _ = try await http.get(request)
      }
      #expect(error == .timedOut)
      let addresses = await http.addresses(of: "http://two.example/")
      #expect(addresses == [.v4(0x0909_0909), Self.far])
      #expect(await http.addresses(of: "https://two.example/").isEmpty)
    }
  }

  @Test func aServerThatDribblesIsBoundedInTime() async throws {
    try await simulate(answering: { _ in
      .bytes(Array("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n".utf8))
    }) { http, _, simulation in
      #expect(await Self.get(http, "http://far.example/") == .timedOut)
      let elapsed = simulation.clock.now - SimulatedClock.origin
      #expect(elapsed >= .seconds(30) && elapsed < .seconds(31))
    }
  }

  @Test func aConnectionIsUsedAgainAndReplacedWhenItIsClosed() async throws {
    let content = pattern(5000)
    try await simulate(answering: { request in
      let bytes = ScriptedHTTPServer.file(content, to: request)
      // The first connection is closed after its second answer, without a word.
      return request.connection == 0 && request.range?.lowerBound == 10
        ? .lastBytes(bytes) : .bytes(bytes)
    }) { http, server, simulation in
      let connection = HTTPConnection()
      for range in [Int64(0)..<10, 10..<20, 20..<30, 30..<40] {
        let sink = MemorySink(count: 10)
        try await http.download(
          HTTPRangeRequest(url: "http://far.example/", range: range, fileLength: 5000),
          over: connection, into: sink)
        #expect(sink.bytes == Array(content[Int(range.lowerBound)..<Int(range.upperBound)]))
        await simulation.clock.sleep(for: .seconds(1))
      }
      #expect(server.requests.map(\.connection) == [0, 0, 1, 1])
      connection.close()
    }
  }

  @Test func aRedirectOfADownloadIsRemembered() async throws {
    let content = pattern(100)
    try await simulate(answering: { request in
      request.target == "/real"
        ? .bytes(ScriptedHTTPServer.file(content, to: request))
        : .lastBytes(ScriptedHTTPServer.response(301, "Location: /real\r\n"))
    }) { http, server, _ in
      let connection = HTTPConnection()
      for range in [Int64(0)..<50, 50..<100] {
        try await http.download(
          HTTPRangeRequest(url: "http://far.example/", range: range, fileLength: 100),
          over: connection, into: MemorySink(count: 50))
      }
      #expect(server.requests.map(\.target) == ["/", "/real", "/real"])
      connection.close()
    }
  }

  @Test func aDownloadThatStallsTimesOut() async throws {
    try await simulate(answering: { _ in
      .bytes(
        Array(
          "HTTP/1.1 206 X\r\nContent-Range: bytes 0-9/10\r\nContent-Length: 10\r\n\r\nabc".utf8))
    }) { http, _, simulation in
      let sink = MemorySink(count: 10)
      let error = await Self.failure { () async throws(HTTPError) in
        try await http.download(
          HTTPRangeRequest(url: "http://far.example/", range: 0..<10, fileLength: 10),
          over: HTTPConnection(), into: sink)
      }
      #expect(error == .timedOut && sink.bytes == Array("abc".utf8))
      // The time to connect is added only once.
      #expect(simulation.clock.now - SimulatedClock.origin <= .seconds(30))
    }
  }

  @Test func aBodyThatEndsEarlyIsAnError() async throws {
    try await simulate(answering: { _ in
      .lastBytes(
        Array("HTTP/1.1 206 X\r\nContent-Range: bytes 0-9/10\r\nConnection: close\r\n\r\nabc".utf8))
    }) { http, _, _ in
      let error = await Self.failure { () async throws(HTTPError) in
        try await http.download(
          HTTPRangeRequest(url: "http://far.example/", range: 0..<10, fileLength: 10),
          over: HTTPConnection(), into: MemorySink(count: 10))
      }
      #expect(error == .badResponse("the body ends 7 bytes short"))
    }
  }

  @Test func aWholeFileIsCutToTheRange() async throws {
    let content = pattern(200_000)
    try await simulate(answering: { _ in .bytes(ScriptedHTTPServer.response(200, body: content)) })
    {
      http, server, _ in
      var request = HTTPRangeRequest(
        url: "http://far.example/", range: 100_000..<100_100, fileLength: 200_000)
      request.acceptsWholeFile = true
      let sink = MemorySink(count: 100)
      try await http.download(request, over: HTTPConnection(), into: sink)
      #expect(sink.bytes == Array(content[100_000..<100_100]))
    }
  }

  @Test func aSinkThatWantsNoMoreEndsTheDownload() async throws {
    let content = pattern(100_000)
    try await simulate(answering: { .bytes(ScriptedHTTPServer.file(content, to: $0)) }) {
      http, _, _ in
      let sink = MemorySink(count: 100_000)
      sink.limit = 1000
      let error = await Self.failure { () async throws(HTTPError) in
        try await http.download(
          HTTPRangeRequest(url: "http://far.example/", range: 0..<100_000, fileLength: 100_000),
          over: HTTPConnection(), into: sink)
      }
      #expect(error == .cancelled && sink.count >= 1000 && sink.count < 100_000)
    }
  }
}
