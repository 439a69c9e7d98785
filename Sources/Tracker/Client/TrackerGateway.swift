package import HTTP
package import Networking
package import Primitives

/// A client for all kinds of trackers: HTTP(S) or UDP, according to the URL's scheme.
@Reactor
package final class TrackerGateway {
  /// The number of torrents in one HTTP scrape, which keeps the URL short enough for servers.
  private static let torrentsPerScrape = 50

  private let http: TrackerClient
  private let udp: UDPTrackerClient

  /// Creates a gateway, which any number of torrents may share.
  ///
  /// - Parameters:
  ///   - http: The client for HTTP trackers.
  ///   - network: The network that resolves the names of UDP trackers.
  ///   - sockets: The sockets for UDP trackers; nil to open some when they are first needed.
  ///   - clock: The clock for timeouts.
  ///   - random: The source of transaction numbers.
  ///   - allowsLocalURLs: True if tracker URLs may lead to any path on this machine.
  package init(
    http: any HTTPClient, network: any Network, sockets: DatagramHub? = nil,
    clock: any LoopClock, random: SeededRandom, allowsLocalURLs: Bool = false
  ) {
    self.http = TrackerClient(http: http, allowsLocalURLs: allowsLocalURLs)
    udp = UDPTrackerClient(network: network, sockets: sockets, clock: clock, random: random)
  }

  /// Announces to a tracker.
  ///
  /// - Parameters:
  ///   - request: The announce.
  ///   - tracker: The tracker's URL.
  ///   - timeout: The time limit for the whole exchange.
  ///   - found: Receives peers that need not wait for the rest of the reply.
  ///   - onReply: Receives each reply as it arrives; a UDP tracker with IPv4 and IPv6 addresses
  ///     sends two.
  /// - Throws: The reason why there is no usable reply at all.
  package func announce(
    _ request: AnnounceRequest, to tracker: TrackerURL, timeout: Duration = .seconds(30),
    found: @escaping @Sendable @Reactor ([Endpoint]) -> Void = { _ in },
    onReply: (AnnounceReply) -> Void
  ) async throws(TrackerError) {
    if tracker.isUDP {
      try await udp.announce(request, to: tracker, timeout: timeout, onReply: onReply)
    } else {
      onReply(try await http.announce(request, to: tracker, timeout: timeout, found: found))
    }
  }

  /// Requests the sizes of swarms (BEP 15, BEP 48).
  ///
  /// - Parameters:
  ///   - url: The tracker's announce URL.
  ///   - infoHashes: The torrents to ask about, at most 1,000. Given none, some HTTP trackers list
  ///     all torrents that they know.
  ///   - timeout: The time limit for each exchange.
  /// - Throws: The reason why there is no usable reply.
  /// - Returns: The sizes of the swarms; torrents unknown to the tracker are absent or have no
  ///   peers.
  package func scrape(
    _ url: String, _ infoHashes: [InfoHash], timeout: Duration = .seconds(30)
  ) async throws(TrackerError) -> ScrapeReply {
    let tracker = try TrackerURL(url)
    if tracker.isUDP {
      return try await udp.scrape(infoHashes, of: tracker, timeout: timeout)
    }
    var whole = ScrapeReply()
    var rest = infoHashes.prefix(ScrapeReply.maximumTorrents)
    repeat {
      let part = ScrapeRequest(infoHashes: Array(rest.prefix(Self.torrentsPerScrape)))
      rest = rest.dropFirst(Self.torrentsPerScrape)
      let reply = try await http.scrape(part, of: tracker, timeout: timeout)
      whole.torrents.merge(reply.torrents) { first, _ in first }
    } while !rest.isEmpty
    return whole
  }
}
