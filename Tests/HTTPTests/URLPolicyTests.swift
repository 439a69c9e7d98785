import Primitives
import Testing

@testable import HTTP

@Suite struct URLPolicyTests {
  private func objection(
    _ use: URLPolicy.Use, _ url: String, at address: String, fromAfar: Bool = false,
    allowed: Bool = false
  ) throws -> URLObjection? {
    URLPolicy(use, allowsLocalURLs: allowed).objection(
      to: try HTTPURL(url), at: try #require(IPAddress(address)), cameFromAfar: fromAfar)
  }

  @Test func aTrackerOnThisMachineHasATrackersPath() throws {
    for address in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
      #expect(try objection(.tracker, "http://x/announce?a", at: address) == nil)
      #expect(try objection(.tracker, "http://x/announce.php", at: address) == nil)
      #expect(try objection(.tracker, "http://x/scrape", at: address) == nil)
      #expect(
        try objection(.tracker, "http://x/shutdown", at: address) == .localTrackerPath("x"))
      #expect(try objection(.tracker, "http://x/shutdown", at: address, allowed: true) == nil)
    }
    #expect(try objection(.tracker, "http://x/other", at: "10.0.0.1") == nil)
  }

  @Test func aLocalWebSeedHasNoQuery() throws {
    for address in ["127.0.0.1", "10.1.1.1", "192.168.1.1", "fe80::1", "fd00::1", "0.0.0.0", "::"] {
      #expect(try objection(.webSeed, "http://x/f", at: address) == nil)
      #expect(try objection(.webSeed, "http://x/f?", at: address) == .localWebSeedQuery("x"))
    }
    #expect(try objection(.webSeed, "http://x/f?a=b", at: "8.8.8.8") == nil)
  }

  @Test func noRedirectLeadsFromOutsideToTheInside() throws {
    for use in [URLPolicy.Use.tracker, .webSeed, .file] {
      for address in ["127.0.0.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "::1"] {
        let found = try objection(use, "http://x/announce", at: address, fromAfar: true)
        #expect(found == .redirectToLocalAddress("x"))
      }
      #expect(try objection(use, "http://x/announce", at: "1.1.1.1", fromAfar: true) == nil)
    }
  }
}

@Suite struct ProxyRulesTests {
  private func rules(_ variables: [String: String]) -> ProxyRules {
    ProxyRules { variables[$0] }
  }

  @Test func withoutAProxyNothingApplies() {
    #expect(!rules([:]).apply(to: "h"))
    #expect(!rules(["http_proxy": ""]).apply(to: "h"))
    #expect(!rules(["HTTP_PROXY": "http://p"]).apply(to: "h"))
    #expect(rules(["http_proxy": "http://p"]).apply(to: "h"))
    #expect(rules(["ALL_PROXY": "socks5://p"]).apply(to: "h"))
  }

  @Test(arguments: [
    "localhost", "x.localhost", "127.0.0.1", "::1", "a.example", "b.a.example", "10.1.2.3",
    "192.168.7.9", "2001:db8::5", "plain",
  ])
  func exceptionsAreKept(host: String) {
    let rules = rules([
      "http_proxy": "p",
      "no_proxy": ".a.example, 10.1.2.3 192.168.0.0/16,[2001:db8::]/32,2001:db8::/32,PLAIN",
    ])
    #expect(!rules.apply(to: host))
  }

  @Test(arguments: [
    "ba.example", "example", "10.1.2.4", "192.169.0.1", "2001:db9::1", "10.1.2.3.x",
  ])
  func othersAreNot(host: String) {
    let rules = rules([
      "all_proxy": "p", "no_proxy": "a.example,10.1.2.3,192.168.0.0/16,2001:db8::/32,1.2.3.4/99",
    ])
    #expect(rules.apply(to: host))
  }

  @Test func aStarIsEveryHost() {
    #expect(!rules(["http_proxy": "p", "NO_PROXY": "*"]).apply(to: "h"))
  }
}

@Suite struct RangeCheckTests {
  private let request = HTTPRangeRequest(url: "http://h/", range: 5..<10, fileLength: 20)

  private func part(
    _ status: Int, _ change: (inout HTTPResponseHead) -> Void = { _ in }
  ) throws(HTTPError) -> RangePart {
    var head = HTTPResponseHead(status: status)
    head.contentRange = .init(range: 5..<10, total: 20)
    head.framing = .length(5)
    change(&head)
    return try RangeCheck.part(of: head, for: request)
  }

  @Test func theRangeIsTaken() throws {
    #expect(try part(206) == RangePart(skipped: 0, wanted: 5))
    #expect(try part(206) { $0.framing = .chunked } == RangePart(skipped: 0, wanted: 5))
    #expect(
      try part(206) { $0.contentRange = .init(range: 5..<10, total: nil) }
        == RangePart(skipped: 0, wanted: 5))
  }

  @Test func otherBytesAreRefused() {
    #expect(throws: HTTPError.self) { try part(206) { $0.contentRange = nil } }
    #expect(throws: HTTPError.self) {
      try part(206) { $0.contentRange = .init(range: 4..<10, total: 20) }
    }
    #expect(throws: HTTPError.wrongLength(21)) {
      try part(206) { $0.contentRange = .init(range: 5..<10, total: 21) }
    }
    #expect(throws: HTTPError.self) { try part(206) { $0.framing = .length(6) } }
    #expect(throws: HTTPError.self) { try part(206) { $0.isEncoded = true } }
    #expect(throws: HTTPError.noRanges) { try part(200) { $0.framing = .length(20) } }
    #expect(throws: HTTPError.wrongLength(19)) { try part(200) { $0.framing = .length(19) } }
    #expect(throws: HTTPError.status(503, retryAfter: .seconds(9))) {
      try part(503) { $0.retryAfter = .seconds(9) }
    }
  }

  @Test func aWholeFileIsTakenIfAllowed() throws {
    var request = request
    request.acceptsWholeFile = true
    var head = HTTPResponseHead(status: 200)
    head.framing = .length(20)
    #expect(try RangeCheck.part(of: head, for: request) == RangePart(skipped: 5, wanted: 5))
    request.acceptsWholeFile = false
    request.range = 0..<20
    #expect(try RangeCheck.part(of: head, for: request) == RangePart(skipped: 0, wanted: 20))
  }
}
