package import Primitives

/// The swarms of a small tracker: its torrents and their peers.
///
/// Memory is bounded by the number of torrents and by the peers of each. When the table is full,
/// new torrents are refused, and new peers are answered but not stored. A peer that does not
/// announce for two intervals is removed.
package struct TrackerTable: Sendable {
  /// An announce of a peer.
  package struct Announce: Sendable {
    /// The 20 bytes of the torrent's info-hash.
    package var infoHash: [UInt8]
    /// The endpoint at which the peer listens.
    package var peer: Endpoint
    /// The peer's id.
    package var peerID: PeerID
    /// The number of bytes that the peer lacks; 0 makes it a seed.
    package var left: Int64
    /// The event that the peer reports.
    package var event: AnnounceEvent?
    /// The maximum number of peers that it requests.
    package var wantedPeers: Int
    /// The address families that the reply can hold.
    package var family = Family.any

    /// Creates an announce.
    package init(
      infoHash: [UInt8], peer: Endpoint, peerID: PeerID, left: Int64, event: AnnounceEvent? = nil,
      wantedPeers: Int = 50
    ) {
      self.infoHash = infoHash
      self.peer = peer
      self.peerID = peerID
      self.left = left
      self.event = event
      self.wantedPeers = wantedPeers
    }
  }

  /// The address families that a reply can hold.
  package enum Family: Sendable {
    /// Both families.
    case any
    /// IPv4 only.
    case onlyIPv4
    /// IPv6 only.
    case onlyIPv6

    func holds(_ endpoint: Endpoint) -> Bool {
      switch self {
      case .any: true
      case .onlyIPv4: !endpoint.address.isIPv6
      case .onlyIPv6: endpoint.address.isIPv6
      }
    }
  }

  /// A peer of a swarm.
  package struct Member: Sendable, Equatable {
    /// The endpoint at which the peer listens.
    package var endpoint: Endpoint
    /// The peer's id.
    package var peerID: PeerID
    var isSeed: Bool
    var heardAt: Instant
  }

  /// The reply to an announce.
  package struct Answer: Sendable, Equatable {
    /// A selection of the other peers.
    package var peers: [Member]
    /// The size of the swarm, including the requester.
    package var counts: ScrapeReply.Counts
  }

  private struct Swarm {
    var members: [Member] = []
    var places: [Endpoint: Int] = [:]
    var seeders = 0
    var downloaded = 0
  }

  private var swarms: [[UInt8]: Swarm] = [:]
  private let lifetime: Duration
  private let maximumTorrents: Int
  private let maximumPeers: Int

  /// Creates an empty table whose peers are removed after `lifetime` without an announce.
  package init(lifetime: Duration, maximumTorrents: Int, maximumPeersPerTorrent: Int) {
    self.lifetime = lifetime
    self.maximumTorrents = maximumTorrents
    maximumPeers = maximumPeersPerTorrent
  }

  /// The info-hashes of all torrents, sorted.
  package var torrents: [[UInt8]] { swarms.keys.sorted { $0.lexicographicallyPrecedes($1) } }

  /// Returns the size of a torrent's swarm; nil if the torrent is unknown.
  package func counts(of infoHash: [UInt8]) -> ScrapeReply.Counts? {
    swarms[infoHash].map(Self.counts(of:))
  }

  private static func counts(of swarm: Swarm) -> ScrapeReply.Counts {
    ScrapeReply.Counts(
      seeders: swarm.seeders, leechers: swarm.members.count - swarm.seeders,
      downloaded: swarm.downloaded)
  }

  /// Records an announce and picks peers for the reply; nil if there is no room for the torrent.
  package mutating func receive(
    _ announce: Announce, now: Instant, random: inout SeededRandom
  ) -> Answer? {
    if swarms[announce.infoHash] == nil, swarms.count >= maximumTorrents {
      expire(now: now)
      guard swarms.count < maximumTorrents else { return nil }
    }
    var swarm = swarms.removeValue(forKey: announce.infoHash) ?? Swarm()
    Self.expire(&swarm, before: now - lifetime)
    note(announce, in: &swarm, now: now)
    let peers =
      announce.event == .stopped ? [] : Self.pick(for: announce, from: swarm, random: &random)
    let answer = Answer(peers: peers, counts: Self.counts(of: swarm))
    // An empty swarm stays for its count of downloads until the next `expire`.
    if !swarm.members.isEmpty || swarm.downloaded > 0 { swarms[announce.infoHash] = swarm }
    return answer
  }

  /// Removes peers that have been silent for too long, and torrents without peers.
  package mutating func expire(now: Instant) {
    for infoHash in torrents {
      guard var swarm = swarms.removeValue(forKey: infoHash) else { continue }
      Self.expire(&swarm, before: now - lifetime)
      if !swarm.members.isEmpty { swarms[infoHash] = swarm }
    }
  }

  private static func expire(_ swarm: inout Swarm, before limit: Instant) {
    for place in swarm.members.indices.reversed() where swarm.members[place].heardAt < limit {
      remove(place, from: &swarm)
    }
  }

  private static func remove(_ place: Int, from swarm: inout Swarm) {
    if swarm.members[place].isSeed { swarm.seeders -= 1 }
    swarm.places[swarm.members[place].endpoint] = nil
    let last = swarm.members.removeLast()
    if place < swarm.members.count {
      swarm.members[place] = last
      swarm.places[last.endpoint] = place
    }
  }

  private func note(_ announce: Announce, in swarm: inout Swarm, now: Instant) {
    if let place = swarm.places[announce.peer] { Self.remove(place, from: &swarm) }
    guard announce.event != .stopped else { return }
    if announce.event == .completed { swarm.downloaded = min(swarm.downloaded + 1, 1 << 40) }
    guard swarm.members.count < maximumPeers, announce.peer.port != 0 else { return }
    swarm.places[announce.peer] = swarm.members.count
    if announce.left == 0 { swarm.seeders += 1 }
    swarm.members.append(
      Member(
        endpoint: announce.peer, peerID: announce.peerID, isSeed: announce.left == 0, heardAt: now))
  }

  /// Returns a random selection of peers without the requester itself, and without seeds for a
  /// seed.
  private static func pick(
    for announce: Announce, from swarm: Swarm, random: inout SeededRandom
  ) -> [Member] {
    var candidates = swarm.members.filter {
      $0.endpoint != announce.peer && $0.peerID != announce.peerID
        && !(announce.left == 0 && $0.isSeed) && announce.family.holds($0.endpoint)
    }
    let count = min(max(announce.wantedPeers, 0), candidates.count)
    for place in 0..<count {
      candidates.swapAt(place, Int.random(in: place..<candidates.count, using: &random))
    }
    return Array(candidates.prefix(count))
  }
}
