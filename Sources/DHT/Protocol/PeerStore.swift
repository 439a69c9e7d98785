import Primitives

/// The peers that other nodes have announced to us.
///
/// An announcement is kept for half an hour. A public address counts once per torrent, with its
/// latest port (BEP 33). At a local address, where many peers may share a host, each port counts.
/// When a torrent is full, its oldest announcement is evicted. When there are too many torrents,
/// the one farthest from our id is evicted, since other nodes are responsible for it.
struct PeerStore: Sendable {
  static let lifetime = Duration.seconds(1800)
  static let torrentLimit = 1000
  static let peerLimit = 100

  struct Peer: Equatable, Sendable {
    let endpoint: Endpoint
    let isSeed: Bool
    let announced: Instant
  }

  /// The peers of each torrent, oldest announcement first.
  private var torrents: [NodeID: [Peer]] = [:]
  private let torrentLimit: Int
  private let peerLimit: Int

  init(torrentLimit: Int = PeerStore.torrentLimit, peerLimit: Int = PeerStore.peerLimit) {
    self.torrentLimit = torrentLimit
    self.peerLimit = peerLimit
  }

  /// The number of torrents with stored peers.
  var torrentCount: Int { torrents.count }

  /// Returns the peers of a torrent that have not expired.
  func peers(of infoHash: NodeID, now: Instant) -> [Peer] {
    (torrents[infoHash] ?? []).filter { now - $0.announced < Self.lifetime }
  }

  /// Stores a peer; `ownID` is our own node id.
  mutating func add(
    _ endpoint: Endpoint, isSeed: Bool, to infoHash: NodeID, ownID: NodeID, now: Instant
  ) {
    guard torrents[infoHash] != nil || makeRoom(for: infoHash, ownID: ownID, now: now) else {
      return
    }
    var peers = torrents[infoHash] ?? []
    let isLocal = endpoint.address.ownerNetwork == nil
    peers.removeAll { isLocal ? $0.endpoint == endpoint : $0.endpoint.address == endpoint.address }
    if peers.count >= peerLimit { peers.removeFirst() }
    peers.append(Peer(endpoint: endpoint, isSeed: isSeed, announced: now))
    torrents[infoHash] = peers
  }

  /// Removes expired announcements.
  mutating func expire(now: Instant) {
    torrents = torrents.compactMapValues { peers in
      let fresh = peers.filter { now - $0.announced < Self.lifetime }
      return fresh.isEmpty ? nil : fresh
    }
  }

  private mutating func makeRoom(for infoHash: NodeID, ownID: NodeID, now: Instant) -> Bool {
    guard torrents.count >= torrentLimit else { return true }
    let farthest = torrents.keys.max { $0.distance(to: ownID) < $1.distance(to: ownID) }
    guard let farthest, infoHash.distance(to: ownID) < farthest.distance(to: ownID) else {
      return false
    }
    torrents[farthest] = nil
    return true
  }
}
