import HTTP
import Networking
import Primitives
import Testing

@testable import Tracker

/// Our client and our tracker over real loopback sockets.
@Suite(.timeLimit(.minutes(5))) struct EndToEndTrackerTests {
  @Reactor
  private var http: StandardHTTPClient {
    StandardHTTPClient(
      userAgent: "swift-torrent/test", network: LiveNetwork(), clock: ReactorClock())
  }

  private func request(_ name: String, port: UInt16, event: AnnounceEvent?) throws
    -> AnnounceRequest
  {
    AnnounceRequest(
      infoHash: try #require(InfoHash((0..<20).map { UInt8($0 * 13) })),
      peerID: try #require(PeerID(String(repeating: name, count: 20).utf8)),
      port: port, totals: TransferTotals(uploaded: 0, downloaded: 0, left: 10), event: event,
      key: 1)
  }

  @Reactor
  private func withServer(
    at address: IPAddress, _ body: @Reactor (String) async throws -> Void
  ) async throws {
    let server = try TrackerServer(
      listen: Endpoint(address: address, port: 0), network: LiveNetwork(), clock: ReactorClock(),
      random: SeededRandom(seed: 3))
    try await withThrowingTaskGroup { group in
      group.addTask { await server.run() }
      defer { server.stop() }
      try await body("http://\(server.endpoint)")
    }
  }

  @Test(arguments: [IPAddress.loopback4, .loopback6])
  func secondPeerSeesTheFirst(address: IPAddress) async throws {
    try await withServer(at: address) { base in
      let client = TrackerClient(http: http)
      let url = try TrackerURL(base + "/announce")
      let first = try await client.announce(
        request("a", port: 1001, event: .started), to: url)
      #expect(first.peers.isEmpty)
      #expect(first.interval == .seconds(60) && first.minimumInterval == .seconds(5))
      let second = try await client.announce(
        request("b", port: 1002, event: .started), to: url)
      #expect(second.peers == [Endpoint(address: address, port: 1001)])
      #expect(second.leechers == 2)
      _ = try await client.announce(request("a", port: 1001, event: .stopped), to: url)
      let third = try await client.announce(request("b", port: 1002, event: nil), to: url)
      #expect(third.peers.isEmpty)
      let hash = try request("a", port: 1, event: nil).infoHash
      let scrape = try await client.scrape(ScrapeRequest(infoHashes: [hash]), of: url)
      #expect(scrape.torrents[hash.bytes] == .init(seeders: 0, leechers: 1, downloaded: 0))
    }
  }

  @Test(arguments: [IPAddress.loopback4, .loopback6])
  @Reactor func theSameTableIsSeenOverBothProtocols(address: IPAddress) async throws {
    try await withServer(at: address) { base in
      let gateway = TrackerGateway(
        http: http, network: LiveNetwork(), clock: ReactorClock(), random: SeededRandom(seed: 8))
      let urls = [
        try TrackerURL(base.replacing("http", with: "udp") + "/announce"),
        try TrackerURL(base + "/announce"),
      ]
      var peers: [[Endpoint]] = []
      var external: [IPAddress?] = []
      for (number, url) in (urls + urls).enumerated() {
        try await gateway.announce(
          request("\(number)", port: 1000 + UInt16(number), event: .started), to: url
        ) { reply in
          peers.append(reply.peers)
          external.append(reply.externalAddress)
        }
      }
      #expect(peers.map(\.count) == [0, 1, 2, 3])
      #expect(peers[1] == [Endpoint(address: address, port: 1000)])
      // Loopback is an address that a peer can have; UDP has no room for it.
      #expect(external == [nil, address, nil, address])
      let hash = try request("a", port: 1, event: nil).infoHash
      for url in urls {
        let scrape = try await gateway.scrape(url.text, [hash])
        #expect(scrape.torrents[hash.bytes] == .init(seeders: 0, leechers: 4, downloaded: 0))
      }
    }
  }

  @Test func badParametersAreExplained() async throws {
    try await withServer(at: .loopback4) { base in
      let response = try await http.get(HTTPRequest(url: base + "/announce?info_hash=abc"))
      #expect(response.status == 200)
      #expect(throws: TrackerError.refused("info_hash must have 20 bytes")) {
        try AnnounceReply(parsing: response.body)
      }
    }
  }

  @Test func unknownPathIsNotFound() async throws {
    try await withServer(at: .loopback4) { base in
      let response = try await http.get(HTTPRequest(url: base + "/x"))
      #expect(response.status == 404)
    }
  }

  @Test func dictionaryPeersAreGivenOnRequest() async throws {
    try await withServer(at: .loopback4) { base in
      let url = try TrackerURL(base + "/announce")
      _ = try await TrackerClient(http: http).announce(
        request("a", port: 1001, event: .started), to: url)
      let query = try request("b", port: 1002, event: nil).query
        .replacing("compact=1&no_peer_id=1", with: "compact=0")
      let body = try await http.get(HTTPRequest(url: url.appending(query: query))).body
      let text = String(decoding: body, as: UTF8.self)
      #expect(
        text.hasSuffix(
          "5:peersld2:ip9:127.0.0.17:peer id20:aaaaaaaaaaaaaaaaaaaa4:porti1001eeee"))
    }
  }
}
