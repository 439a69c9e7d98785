package import Primitives

/// Which peers take part in which torrent, as a small tracker remembers it.
///
/// Memory is bounded: by the number of torrents and by the peers of each. When the table is full,
/// new torrents are refused and new peers are answered but not remembered. A peer that has not been
/// heard of for two intervals is forgotten.
package struct TrackerTable: Sendable {
  /// One peer's announce.
  package struct Announce: Sendable {
    /// The 20 bytes that name the torrent.
    package var infoHash: [UInt8]
    /// Where the peer listens.
    package var peer: Endpoint
    /// How the peer names itself.
    package var peerID: PeerID
    /// The bytes that it lacks; 0 makes it a seed.
    package var left: Int64
    /// What has happened to it.
    package var event: AnnounceEvent?
    /// How many peers it wants at most.
    package var wantedPeers: Int
    /// Which peers the answer has room for.
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

  /// The kinds of addresses that an answer can hold.
  package enum Family: Sendable {
    /// Both.
    case any
    /// Those of 4 bytes.
    case onlyIPv4
    /// Those of 16 bytes.
    case onlyIPv6

    func holds(_ endpoint: Endpoint) -> Bool {
      switch self {
      case .any: true
      case .onlyIPv4: !endpoint.address.isIPv6
      case .onlyIPv6: endpoint.address.isIPv6
      }
    }
  }

  /// A peer that is remembered.
  package struct Member: Sendable, Equatable {
    /// Where the peer listens.
    package var endpoint: Endpoint
    /// How the peer names itself.
    package var peerID: PeerID
    var isSeed: Bool
    var heardAt: Instant
  }

  /// What a peer that announces is told.
  package struct Answer: Sendable, Equatable {
    /// Some of the other peers.
    package var peers: [Member]
    /// The size of the swarm, the asker included.
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

  /// Creates an empty table whose peers are forgotten after `lifetime`.
  package init(lifetime: Duration, maximumTorrents: Int, maximumPeersPerTorrent: Int) {
    self.lifetime = lifetime
    self.maximumTorrents = maximumTorrents
    maximumPeers = maximumPeersPerTorrent
  }

  /// The hashes of all torrents, sorted.
  package var torrents: [[UInt8]] { swarms.keys.sorted { $0.lexicographicallyPrecedes($1) } }

  /// The size of a torrent's swarm; nil when it is not known.
  package func counts(of infoHash: [UInt8]) -> ScrapeReply.Counts? {
    swarms[infoHash].map(Self.counts(of:))
  }

  private static func counts(of swarm: Swarm) -> ScrapeReply.Counts {
    ScrapeReply.Counts(
      seeders: swarm.seeders, leechers: swarm.members.count - swarm.seeders,
      downloaded: swarm.downloaded)
  }

  /// Notes an announce and picks peers for the answer; nil when there is no room for the torrent.
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
    // An empty swarm is kept for its count of downloads only while somebody else may use the room.
    if !swarm.members.isEmpty || swarm.downloaded > 0 { swarms[announce.infoHash] = swarm }
    return answer
  }

  /// Forgets peers that have not been heard of for too long, and torrents that have no peers left.
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

  /// A random choice of peers, never the asker itself, and no seeds for a seed.
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
