package import HTTP
package import Networking
package import Primitives

/// Asks trackers of every kind: HTTP(S) and UDP, each by its URL's scheme.
@Reactor
package final class TrackerGateway {
  /// How many torrents one HTTP scrape asks about, so that its URL stays short enough for servers.
  private static let torrentsPerScrape = 50

  private let http: TrackerClient
  private let udp: UDPTrackerClient

  /// Creates a way to trackers.
  package init(
    http: any HTTPClient, network: any Network, clock: any LoopClock, random: SeededRandom,
    allowsLocalURLs: Bool = false
  ) {
    self.http = TrackerClient(http: http, allowsLocalURLs: allowsLocalURLs)
    udp = UDPTrackerClient(network: network, clock: clock, random: random)
  }

  /// Announces.
  ///
  /// - Parameters:
  ///   - request: What is said.
  ///   - tracker: To whom.
  ///   - timeout: The bound on everything.
  ///   - found: Called with peers that need not wait for the rest of the answer.
  ///   - onReply: Called with each answer as it comes; a UDP tracker with IPv4 and IPv6 gives two.
  /// - Throws: Why there is no useful answer at all.
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

  /// Asks a tracker for the size of swarms (BEP 15, BEP 48).
  ///
  /// - Parameters:
  ///   - url: The tracker's announce URL.
  ///   - infoHashes: Which ones, at most 1,000; for none, some HTTP trackers tell of all they know.
  ///   - timeout: The bound on each exchange.
  /// - Throws: Why there is no useful answer.
  /// - Returns: What it knows; torrents that it does not know are absent or have no peers.
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
