import Primitives

/// The peers that others have announced to us.
///
/// A public address counts once for each torrent, with its last port (BEP 33), and for half an hour; at
/// a local one, where many peers may share a machine, each port counts. Bounded in all: a full torrent forgets the peer that was announced longest ago; when there are too many
/// torrents, the one farthest from us goes, which others keep better than we do.
struct PeerStore: Sendable {
  static let lifetime = Duration.seconds(1800)
  static let torrentLimit = 1000
  static let peerLimit = 100

  struct Peer: Equatable, Sendable {
    let endpoint: Endpoint
    let isSeed: Bool
    let announced: Instant
  }

  /// The peers of each torrent, the one announced longest ago first.
  private var torrents: [NodeID: [Peer]] = [:]
  private let torrentLimit: Int
  private let peerLimit: Int

  init(torrentLimit: Int = PeerStore.torrentLimit, peerLimit: Int = PeerStore.peerLimit) {
    self.torrentLimit = torrentLimit
    self.peerLimit = peerLimit
  }

  /// How many torrents are known.
  var torrentCount: Int { torrents.count }

  /// The peers of a torrent that are not too old.
  func peers(of infoHash: NodeID, now: Instant) -> [Peer] {
    (torrents[infoHash] ?? []).filter { now - $0.announced < Self.lifetime }
  }

  /// Remembers a peer; `ownID` is where we stand ourselves.
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

  /// Forgets what is too old.
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
