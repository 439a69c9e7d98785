package import Primitives

/// Finds peers in the local network by multicast (BEP 14), and tells them of us.
///
/// What is announced goes out at once, again a minute later in case it was lost, and then every
/// five minutes, never more often than once a minute. Announcements of others are heard at a bounded
/// rate; our own come back and are known by their cookie.
package struct LocalDiscoveryMachine: Sendable {
  /// The pause between the first two announcements, and the shortest one.
  package static let shortestPause = Duration.seconds(60)
  /// The pause between all others.
  package static let interval = Duration.seconds(300)
  /// How many announcements of others are read in a second; further ones are dropped.
  package static let maximumPerSecond = 10

  private let infoHashes: [InfoHash]
  private let port: UInt16
  private let cookie: String
  private var announcedAt: Instant?
  private var announcements = 0
  private var secondBegan = Instant.zero
  private var heardInSecond = 0

  /// Takes part in these torrents, of which not more are announced than fit into a datagram.
  package init(infoHashes: [InfoHash], port: UInt16, random: inout SeededRandom) {
    self.infoHashes = infoHashes
    self.port = port
    let number = random.next()
    cookie = Hex.encode((0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) })
  }

  /// When to announce next.
  package var deadline: Instant {
    guard let announcedAt else { return .zero }
    return announcedAt + (announcements == 1 ? Self.shortestPause : Self.interval)
  }

  /// The text to send to a group now, if it is time; `hosts` are the groups' names, one text each.
  package mutating func announcements(to hosts: [String], now: Instant) -> [[UInt8]] {
    guard now >= deadline else { return [] }
    announcedAt = now
    announcements = min(announcements + 1, 2)
    return hosts.map {
      LocalAnnouncement(host: $0, port: port, infoHashes: infoHashes, cookie: cookie).text
    }
  }

  /// The peer that a datagram names, with those of our torrents that it takes part in; nil when there
  /// is none.
  package mutating func receive(
    _ bytes: [UInt8], from source: Endpoint, now: Instant
  ) -> (peer: Endpoint, infoHashes: [InfoHash])? {
    if now - secondBegan >= .seconds(1) {
      secondBegan = now
      heardInSecond = 0
    }
    guard heardInSecond < Self.maximumPerSecond else { return nil }
    guard let announcement = LocalAnnouncement(parsing: bytes), announcement.cookie != cookie
    else { return nil }
    heardInSecond += 1
    let known = infoHashes.filter { announcement.infoHashes.contains($0) }
    guard !known.isEmpty, source.address.isPossiblePeer else { return nil }
    return (Endpoint(address: source.address.unmapped, port: announcement.port), known)
  }
}
