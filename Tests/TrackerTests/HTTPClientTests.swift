import HTTP
import Networking
import Primitives
import Testing

@testable import Tracker

/// URLSession against a server on loopback that misbehaves on purpose.
@Suite(.timeLimit(.minutes(2))) struct HTTPClientTests {
  private let http = URLSessionHTTPClient(userAgent: "swift-torrent/test")

  /// Answers each connection's first request with what `answer` makes of its target, then closes;
  /// nil leaves the client waiting.
  @Reactor
  private func withServer(
    answering answer: @escaping @Sendable (String) -> String?,
    _ body: @Reactor (String) async throws -> Void
  ) async throws {
    let network = LiveNetwork()
    let listener = try network.listen(at: Endpoint(address: .loopback4, port: 0))
    try await withThrowingTaskGroup { group in
      group.addTask { await Self.accept(from: listener, answer) }
      defer {
        listener.close()
        group.cancelAll()
      }
      try await body("http://\(listener.endpoint)")
    }
  }

  @Reactor
  private static func accept(
    from listener: any Listener, _ answer: @escaping @Sendable (String) -> String?
  ) async {
    await withDiscardingTaskGroup { group in
      while let transport = await listener.accept() {
        group.addTask { await serve(transport, answer) }
      }
      group.cancelAll()
    }
  }

  @Reactor
  private static func serve(
    _ transport: any Transport, _ answer: @Sendable (String) -> String?
  ) async {
    defer { transport.close() }
    var head: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while !String(decoding: head, as: UTF8.self).contains("\r\n\r\n"), !Task.isCancelled {
      switch move(&buffer, { transport.read(into: $0) }) {
      case .bytes(let count): head += buffer[..<count]
      case .wouldBlock: await transport.waitUntilReadable()
      case .closed, .failed: return
      }
    }
    let text = String(decoding: head, as: UTF8.self)
    guard let response = answer(text) else {
      await Wakeup().wait()
      return
    }
    var rest = Array(response.utf8)
    while !rest.isEmpty, !Task.isCancelled {
      switch move(&rest, { transport.write(from: $0) }) {
      case .bytes(let count): rest.removeFirst(count)
      case .wouldBlock: await transport.waitUntilWritable()
      case .closed, .failed: return
      }
    }
  }

  private static func move(
    _ bytes: inout [UInt8], _ call: (UnsafeMutableBufferPointer<IOSegment>) -> IOResult
  ) -> IOResult {
    bytes.withUnsafeMutableBytes { memory in
      guard let base = memory.baseAddress else { return .closed }
      var segment = IOSegment(base: base, count: memory.count)
      return withUnsafeMutablePointer(to: &segment) {
        call(UnsafeMutableBufferPointer(start: $0, count: 1))
      }
    }
  }

  private static func response(_ status: Int, _ headers: String = "", body: String = "") -> String {
    "HTTP/1.1 \(status) X\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n\(headers)"
      + "\r\n\(body)"
  }

  private func failure(of request: HTTPRequest) async -> HTTPError? {
    do throws(HTTPError) {
      _ = try await http.get(request)
      return nil
    } catch {
      return error
    }
  }

  @Test func queryReachesTheServerByteForByte() async throws {
    try await withServer(answering: { Self.response(200, body: $0) }) { base in
      let target = "/announce?info_hash=%FF%00%2f~%C3%A9+&b=%zz&c=[x]|"
      let body = try await http.get(HTTPRequest(url: base + target)).body
      let text = String(decoding: body, as: UTF8.self)
      let expected = "GET /announce?info_hash=%FF%00%2f~%C3%A9+&b=%25zz&c=%5Bx%5D%7C HTTP/1.1\r\n"
      #expect(text.hasPrefix(expected))
      #expect(text.contains("User-Agent: swift-torrent/test\r\n"))
      #expect(!text.contains("Cookie"))
    }
  }

  @Test func redirectsAreFollowedWithinTheirBound() async throws {
    try await withServer(answering: { head in
      let target = head.split(separator: " ")[1]
      guard let left = Int(target.dropFirst()), left > 0 else {
        return Self.response(200, body: "end")
      }
      return Self.response(302, "Location: /\(left - 1)\r\n")
    }) { base in
      let response = try await http.get(HTTPRequest(url: base + "/5"))
      #expect(response.body == Array("end".utf8))
      let error = await failure(of: HTTPRequest(url: base + "/6"))
      #expect(error == .tooManyRedirects(limit: 5))
    }
  }

  @Test func redirectToAnotherSchemeIsRefused() async throws {
    try await withServer(answering: { _ in Self.response(302, "Location: ftp://h/x\r\n") }) {
      base in
      #expect(await failure(of: HTTPRequest(url: base + "/")) == .badURL("ftp://h/x"))
    }
  }

  @Test func longBodyIsRefused() async throws {
    try await withServer(answering: { _ in
      "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + String(repeating: "x", count: 100_000)
    }) { base in
      var request = HTTPRequest(url: base + "/")
      request.maximumBodyLength = 99_999
      #expect(await failure(of: request) == .bodyTooLong(limit: 99_999))
      request.maximumBodyLength = 100_000
      let response = try await http.get(request)
      #expect(response.body.count == 100_000)
    }
  }

  @Test func silentServerTimesOut() async throws {
    try await withServer(answering: { _ in nil }) { base in
      var request = HTTPRequest(url: base + "/")
      request.timeout = .milliseconds(300)
      #expect(await failure(of: request) == .timedOut)
    }
  }

  @Test func cancelledTaskEndsTheRequest() async throws {
    try await withServer(answering: { _ in nil }) { base in
      let error = await withTaskGroup(of: HTTPError?.self) { group in
        group.addTask { await failure(of: HTTPRequest(url: base + "/")) }
        group.cancelAll()
        return await group.next() ?? nil
      }
      #expect(error == .cancelled)
    }
  }

  @Test func demandForCredentialsIsAStatus() async throws {
    let refusal = Self.response(401, "WWW-Authenticate: Basic realm=\"x\"\r\n", body: "no")
    try await withServer(answering: { _ in refusal }) { base in
      let response = try await http.get(HTTPRequest(url: base + "/"))
      #expect(response.status == 401)
    }
  }

  @Test(arguments: ["", "h", "udp://h:1/", "http://", "http://ho st/", "http://ümlaut.example/"])
  func badURLIsRefused(url: String) async {
    #expect(await failure(of: HTTPRequest(url: url)) == .badURL(url))
  }

  @Test func closedPortIsAFailure() async {
    guard case .failed = await failure(of: HTTPRequest(url: "http://127.0.0.1:1/")) else {
      return #expect(Bool(false), "no failure")
    }
  }
}
