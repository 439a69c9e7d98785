import Networking
import Primitives
import TestSupport
import Testing

@testable import HTTP

/// Both ways to send a request, against a server on loopback that misbehaves on purpose.
@Suite(.timeLimit(.minutes(5))) struct HTTPClientTests {
  @Reactor
  private func client(_ usesURLSession: Bool) -> StandardHTTPClient {
    StandardHTTPClient(
      userAgent: "swift-torrent/test", network: LiveNetwork(), clock: ReactorClock(),
      proxies: ProxyRules { _ in nil }, prefersSystem: usesURLSession)
  }

  /// Runs `body` beside a server that answers each request with what `answer` makes of its head;
  /// nil leaves the client waiting.
  @Reactor
  private func withServer(
    answering answer: @escaping @Sendable (String) -> String?,
    _ body: @Reactor (String) async throws -> Void
  ) async throws {
    let server = try ScriptedHTTPServer(
      at: Endpoint(address: .loopback4, port: 0), network: LiveNetwork()
    ) { request in
      answer(request.head + "\r\n\r\n").map { .lastBytes(Array($0.utf8)) } ?? .silence
    }
    try await withThrowingTaskGroup { group in
      group.addTask { await server.run() }
      defer {
        server.stop()
        group.cancelAll()
      }
      try await body("http://\(server.endpoint)")
    }
  }

  private static func response(_ status: Int, _ headers: String = "", body: String = "") -> String {
    "HTTP/1.1 \(status) X\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n\(headers)"
      + "\r\n\(body)"
  }

  private func failure(_ http: StandardHTTPClient, _ request: HTTPRequest) async -> HTTPError? {
    do throws(HTTPError) {
      _ = try await http.get(request)
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: [false, true])
  func queryReachesTheServerByteForByte(usesURLSession: Bool) async throws {
    try await withServer(answering: { Self.response(200, body: $0) }) { base in
      let target = "/announce?info_hash=%FF%00%2f~%C3%A9+&b=%zz&c=[x]|"
      let body = try await client(usesURLSession).get(HTTPRequest(url: base + target)).body
      let text = String(decoding: body, as: UTF8.self)
      let expected = "GET /announce?info_hash=%FF%00%2f~%C3%A9+&b=%25zz&c=%5Bx%5D%7C HTTP/1.1\r\n"
      #expect(text.hasPrefix(expected))
      #expect(text.contains("User-Agent: swift-torrent/test\r\n"))
      #expect(!text.contains("Cookie"))
    }
  }

  @Test(arguments: [false, true])
  func redirectsAreFollowedWithinTheirBound(usesURLSession: Bool) async throws {
    try await withServer(answering: { head in
      let target = head.split(separator: " ")[1]
      guard let left = Int(target.dropFirst()), left > 0 else {
        return Self.response(200, body: "end")
      }
      return Self.response(302, "Location: /\(left - 1)\r\n")
    }) { base in
      let http = client(usesURLSession)
      let response = try await http.get(HTTPRequest(url: base + "/5"))
      #expect(response.body == Array("end".utf8))
      let error = await failure(http, HTTPRequest(url: base + "/6"))
      #expect(error == .tooManyRedirects(limit: 5))
    }
  }

  @Test(arguments: [false, true])
  func redirectToAnotherSchemeIsRefused(usesURLSession: Bool) async throws {
    try await withServer(answering: { _ in Self.response(302, "Location: ftp://h/x\r\n") }) {
      base in
      let error = await failure(client(usesURLSession), HTTPRequest(url: base + "/"))
      #expect(error == .leadsElsewhere("ftp://h/x"))
    }
  }

  /// Indexers answer the URL of a .torrent so; nothing of the link may be lost on the way.
  @Test(arguments: [false, true])
  func aRedirectToAMagnetLinkGivesTheWholeLink(usesURLSession: Bool) async throws {
    let link =
      "magnet:?xt=urn:btih:08ada5a7a6183aae1e09d831df6748d566095a10&dn=a#b+%20c&tr="
      + String(repeating: "udp%3A%2F%2Ftracker.example%3A1&tr=", count: 200)
    try await withServer(answering: { head in
      let target = head.split(separator: " ")[1]
      return Self.response(302, "Location: \(target == "/" ? "/next" : link)\r\n")
    }) { base in
      let error = await failure(client(usesURLSession), HTTPRequest(url: base + "/"))
      #expect(error == .leadsElsewhere(link))
    }
  }

  /// A URL that Foundation cannot ask is reported, and nobody is asked.
  @Test(arguments: ["https://[2001:db8::1]/", "http://[2001:db8::1]/"])
  func addressesThatTheSystemsLibraryRefusesAreNamed(url: String) async throws {
    let error = await failure(client(true), HTTPRequest(url: url))
    #expect(
      error
        == .failed("https and proxies need a host name here, not an IPv6 address literal"))
  }

  @Test(arguments: [false, true])
  func longBodyIsRefused(usesURLSession: Bool) async throws {
    try await withServer(answering: { _ in
      "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + String(repeating: "x", count: 100_000)
    }) { base in
      let http = client(usesURLSession)
      var request = HTTPRequest(url: base + "/")
      request.maximumBodyLength = 99_999
      #expect(await failure(http, request) == .bodyTooLong(limit: 99_999))
      request.maximumBodyLength = 100_000
      let response = try await http.get(request)
      #expect(response.body.count == 100_000)
    }
  }

  @Test(arguments: [false, true])
  func silentServerTimesOut(usesURLSession: Bool) async throws {
    try await withServer(answering: { _ in nil }) { base in
      var request = HTTPRequest(url: base + "/")
      request.timeout = .milliseconds(300)
      #expect(await failure(client(usesURLSession), request) == .timedOut)
    }
  }

  @Test(arguments: [false, true])
  func cancelledTaskEndsTheRequest(usesURLSession: Bool) async throws {
    try await withServer(answering: { _ in nil }) { base in
      let http = client(usesURLSession)
      let error = await withTaskGroup(of: HTTPError?.self) { group in
        group.addTask { await failure(http, HTTPRequest(url: base + "/")) }
        group.cancelAll()
        return await group.next() ?? nil
      }
      #expect(error == .cancelled)
    }
  }

  @Test(arguments: [false, true])
  func demandForCredentialsIsAStatus(usesURLSession: Bool) async throws {
    let refusal = Self.response(401, "WWW-Authenticate: Basic realm=\"x\"\r\n", body: "no")
    try await withServer(answering: { _ in refusal }) { base in
      let response = try await client(usesURLSession).get(HTTPRequest(url: base + "/"))
      #expect(response.status == 401)
    }
  }

  @Test(arguments: ["", "h", "udp://h:1/", "http://", "http://ho st/", "http://ümlaut.example/"])
  func badURLIsRefused(url: String) async {
    let http = await client(false)
    #expect(await failure(http, HTTPRequest(url: url)) == .badURL(url))
  }

  @Test(arguments: [false, true])
  func closedPortIsAFailure(usesURLSession: Bool) async {
    let http = await client(usesURLSession)
    guard case .failed = await failure(http, HTTPRequest(url: "http://127.0.0.1:1/")) else {
      return #expect(Bool(false), "no failure")
    }
  }

  @Test(arguments: [false, true])
  func aRangeComesWhole(usesURLSession: Bool) async throws {
    let content = pattern(300_000)
    try await downloading(content, usesURLSession) { http, url in
      let connection = HTTPConnection()
      for range in [Int64(0)..<1, 77..<200_000, 299_999..<300_000] {
        let sink = await MemorySink(count: Int(range.upperBound - range.lowerBound))
        try await http.download(
          HTTPRangeRequest(url: url, range: range, fileLength: 300_000), over: connection,
          into: sink)
        #expect(await sink.bytes == Array(content[Int(range.lowerBound)..<Int(range.upperBound)]))
      }
      await connection.close()
    }
  }

  @Reactor
  private func downloading(
    _ content: [UInt8], _ usesURLSession: Bool,
    _ body: (StandardHTTPClient, String) async throws -> Void
  ) async throws {
    let server = try ScriptedHTTPServer(
      at: Endpoint(address: .loopback4, port: 0), network: LiveNetwork()
    ) { .bytes(ScriptedHTTPServer.file(content, to: $0)) }
    try await withThrowingTaskGroup { group in
      group.addTask { await server.run() }
      defer {
        server.stop()
        group.cancelAll()
      }
      try await body(client(usesURLSession), "http://\(server.endpoint)/file")
    }
    #expect(usesURLSession || server.connectionCount == 1)
  }
}

/// Memory of a given length, given out in small parts.
@Reactor
final class MemorySink: HTTPBodySink {
  private let memory: UnsafeMutableRawBufferPointer
  private(set) var count = 0
  /// The sink wants no more once so many bytes are there.
  var limit = Int.max

  init(count: Int) {
    memory = .allocate(byteCount: count, alignment: 1)
  }

  isolated deinit {
    memory.deallocate()
  }

  var bytes: [UInt8] { Array(memory[..<count]) }

  func layOut(_ segments: inout [IOSegment], limit: Int) {
    guard count < self.limit else { return }
    var place = count
    let end = min(memory.count, count + limit)
    while place < end, segments.count < 4, let base = memory.baseAddress {
      let length = min(1000, end - place)
      segments.append(IOSegment(base: base + place, count: length))
      place += length
    }
  }

  func received(_ count: Int) {
    self.count += count
  }
}
