package import Primitives

/// Finds peers in the local network by multicast (BEP 14), and tells them of us.
///
/// A torrent is announced at once, again a minute later in case that was lost, and then every five
/// minutes. All torrents share one announcement, never more often than once a minute; those for
/// which it has no room are named in the next one. Announcements of others are heard at a bounded
/// rate; our own come back and are known by their cookie.
package struct LocalDiscoveryMachine: Sendable {
  /// The pause between the first two announcements of a torrent, and the shortest one of all.
  package static let shortestPause = Duration.seconds(60)
  /// The pause between all others.
  package static let interval = Duration.seconds(300)
  /// The number of announcements of others that are read in a second; further ones are dropped.
  package static let maximumPerSecond = 10

  private struct Entry: Sendable {
    let infoHash: InfoHash
    var due = Instant.zero
    var isAnnounced = false
  }

  /// The torrents in the order in which they were added.
  private var entries: [Entry] = []
  private var known: Set<InfoHash> = []
  private let port: UInt16
  private let cookie: String
  private var announcedAt: Instant?
  private var secondBegan = Instant.zero
  private var heardInSecond = 0

  /// Takes part in these torrents.
  package init(infoHashes: [InfoHash] = [], port: UInt16, random: inout SeededRandom) {
    self.port = port
    let number = random.next()
    cookie = Hex.encode((0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) })
    for infoHash in infoHashes { add(infoHash) }
  }

  // MARK: - Torrents

  /// A Boolean value indicating whether there is any torrent.
  package var isEmpty: Bool { entries.isEmpty }

  /// Takes part in one more torrent; does nothing if it is known.
  package mutating func add(_ infoHash: InfoHash) {
    guard known.insert(infoHash).inserted else { return }
    entries.append(Entry(infoHash: infoHash))
  }

  /// Takes part in a torrent no more.
  package mutating func remove(_ infoHash: InfoHash) {
    guard known.remove(infoHash) != nil else { return }
    entries.removeAll { $0.infoHash == infoHash }
  }

  // MARK: - Announcing

  /// The time of the next announcement; in the distant future without a torrent.
  package var deadline: Instant {
    guard let due = entries.lazy.map(\.due).min() else { return .distantFuture }
    return announcedAt.map { max(due, $0 + Self.shortestPause) } ?? due
  }

  /// Returns the text to send to a group now, if it is time; `hosts` are the groups' names, one
  /// text each.
  package mutating func announcements(to hosts: [String], now: Instant) -> [[UInt8]] {
    guard now >= deadline else { return [] }
    announcedAt = now
    let forms = hosts.map {
      LocalAnnouncement(host: $0, port: port, infoHashes: [], cookie: cookie)
    }
    let infoHashes = takeDue(forms.map(\.capacity).min() ?? 0, now: now)
    return forms.map { form in
      var form = form
      form.infoHashes = infoHashes
      return form.text
    }
  }

  /// Returns the torrents to name now: those that are due first, and others as long as there is
  /// room.
  private mutating func takeDue(_ capacity: Int, now: Instant) -> [InfoHash] {
    let order = entries.indices.sorted { (entries[$0].due, $0) < (entries[$1].due, $1) }
    return order.prefix(capacity).map { index in
      entries[index].due = now + (entries[index].isAnnounced ? Self.interval : Self.shortestPause)
      entries[index].isAnnounced = true
      return entries[index].infoHash
    }
  }

  // MARK: - Hearing others

  /// Returns the peer that a datagram names, with those of our torrents that it takes part in; nil
  /// when there is none.
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
    let shared = announcement.infoHashes.filter(known.contains)
    guard !shared.isEmpty, source.address.isPossiblePeer else { return nil }
    return (Endpoint(address: source.address.unmapped, port: announcement.port), shared)
  }
}
