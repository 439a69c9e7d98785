import HTTP
import Networking
import Primitives
import TestSupport
import Testing

@testable import Tracker

/// Announces to a tracker with an IPv4 and an IPv6 address, in virtual time.
@Suite(.timeLimit(.minutes(5))) struct SideBySideTests {
  private static let v4 = IPAddress.v4(0x0808_0808)
  private static let v6 = IPAddress.v6(high: 0x2001_0DB8_0000_0000, low: 1)

  private static let request: AnnounceRequest? = {
    guard let hash = InfoHash(repeatElement(1, count: 20)),
      let id = PeerID(repeatElement(2, count: 20))
    else { return nil }
    return AnnounceRequest(
      infoHash: hash, peerID: id, port: 7,
      totals: TransferTotals(uploaded: 0, downloaded: 0, left: 5), event: .started, key: 1)
  }()

  /// Announces to a host of these addresses, of which some answer; returns the reply, the peers that
  /// came early and the time it took.
  private func announce(
    to addresses: [IPAddress], answering: [IPAddress: String]
  ) async throws -> (reply: AnnounceReply?, early: [Endpoint], duration: Duration) {
    let simulation = await Simulation(seed: 3)
    let request = try #require(Self.request)
    return try await simulation.run { @Reactor in
      let network = simulation.network
      network.setName("tracker.example", to: addresses)
      let servers = try answering.sorted { $0.value < $1.value }.map { address, body in
        try ScriptedHTTPServer(
          at: Endpoint(address: address, port: 80), network: network.host(address)
        ) { _ in .lastBytes(ScriptedHTTPServer.response(200, body: Array(body.utf8))) }
      }
      let http = StandardHTTPClient(
        userAgent: "test", network: network.host(.v4(0x0A4D_0001)), clock: simulation.clock,
        proxies: ProxyRules { _ in nil })
      return try await withThrowingTaskGroup(of: Void.self) { group in
        for server in servers { group.addTask { await server.run() } }
        defer { for server in servers { server.stop() } }
        let early = Early()
        let url = try TrackerURL("http://tracker.example/announce")
        var reply: AnnounceReply?
        do throws(TrackerError) {
          reply = try await TrackerClient(http: http).announce(request, to: url) {
            early.peers += $0
          }
        } catch {
          reply = nil
        }
        return (reply, early.peers, simulation.clock.now - SimulatedClock.origin)
      }
    }
  }

  @Reactor
  private final class Early {
    var peers: [Endpoint] = []
  }

  private static func body(_ ip: String) -> String {
    "d8:intervali900e5:peersld2:ip\(ip.utf8.count):\(ip)4:porti80eeee"
  }

  @Test func bothKindsOfAddressAreAsked() async throws {
    let outcome = try await announce(
      to: [Self.v6, Self.v4],
      answering: [Self.v4: Self.body("1.2.3.4"), Self.v6: Self.body("2001:db8::9")])
    let peers = try #require(outcome.reply).peers
    #expect(Set(peers) == Set(["1.2.3.4:80", "[2001:db8::9]:80"].compactMap(Endpoint.init)))
    #expect(outcome.early.count == 1)
  }

  @Test func oneThatDoesNotAnswerIsNoFailureAndDelaysNoPeer() async throws {
    let outcome = try await announce(
      to: [Self.v6, Self.v4], answering: [Self.v4: Self.body("1.2.3.4")])
    #expect(outcome.reply?.peers == ["1.2.3.4:80"].compactMap(Endpoint.init))
    #expect(outcome.early.count == 1)
    #expect(outcome.duration < .seconds(5))
  }

  @Test func bothThatFailAreAFailure() async throws {
    let outcome = try await announce(to: [Self.v6, Self.v4], answering: [:])
    #expect(outcome.reply == nil && outcome.early.isEmpty)
  }

  @Test func oneKindIsAskedOnce() async throws {
    let outcome = try await announce(to: [Self.v4], answering: [Self.v4: Self.body("1.2.3.4")])
    #expect(outcome.reply?.peers.count == 1 && outcome.early.isEmpty)
  }
}
