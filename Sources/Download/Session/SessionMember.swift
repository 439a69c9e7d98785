import Networking
import Primitives

/// A torrent as its session sees it.
@Reactor
protocol SessionMember: AnyObject, Sendable {
  /// The info-hash by which peers name the torrent.
  var infoHash: InfoHash { get }

  // MARK: Connections

  /// Returns whether a peer at an address may connect to us now.
  ///
  /// The session asks once the handshake has named the torrent and before it answers.
  func admits(_ remote: Endpoint) -> Bool
  /// Takes over a peer that has dialled us and passed the handshakes.
  ///
  /// The connection is the member's from now on. The member reports its end to
  /// `ConnectionBudget.ended(_:)`.
  func welcomed(_ peer: GreetedPeer)
  /// Handles the news that there may be room for connections after `ConnectionBudget.mayDial`
  /// returned false.
  func roomFreed()

  // MARK: Discovery

  /// Takes peers that the DHT or the local discovery has found.
  func found(_ peers: [Endpoint], by source: PeerSource)
  /// The current needs of the torrent, by which the session decides when to search the DHT for it.
  var dhtNeeds: DHTNeeds { get }
  /// A Boolean value indicating whether the DHT may be used for the torrent; false for a
  /// private one.
  var usesDHT: Bool { get }
  /// A Boolean value indicating whether the local discovery may be used for the torrent; false
  /// for a private one.
  var usesLocalDiscovery: Bool { get }
  /// Handles a report on our part in the DHT.
  func dhtChanged(_ report: DHTReport)
  /// Handles the news that our node has a port that peers can be told (BEP 5).
  func dhtJoined()

  // MARK: Memory

  /// Handles the news that memory is free after `MemoryBudget.mayReserve` returned false.
  func memoryFreed()
}

/// The needs of a torrent that the DHT may meet.
struct DHTNeeds: Equatable, Sendable {
  /// The number of connected peers from which a download does not need the DHT.
  static let enoughPeers = 5

  /// The number of connected peers.
  var connectedPeers = 0
  /// A Boolean value indicating whether the torrent has all data that it wants.
  var isSeed = false
  /// A Boolean value indicating whether the torrent has every piece.
  var hasEveryPiece = false
  /// A Boolean value indicating whether the torrent has trackers, which may try alone at first.
  var hasTrackers = false
  /// A Boolean value indicating whether a tracker announces us to others.
  var hasWorkingTracker = false

  /// A Boolean value indicating whether the DHT is needed, so that we find peers or peers find us.
  var areUnmet: Bool { isSeed ? !hasWorkingTracker : connectedPeers < Self.enoughPeers }
}

/// The torrents of a session in the order in which they joined, one for each info-hash.
@Reactor
final class SessionMembers {
  /// All members in the order in which they joined.
  private(set) var all: [any SessionMember] = []
  private var byHash: [InfoHash: any SessionMember] = [:]

  /// The member with an info-hash, if there is one.
  subscript(infoHash: InfoHash) -> (any SessionMember)? { byHash[infoHash] }

  /// Returns whether a member is among them now, and not just another one of its info-hash.
  func contains(_ member: any SessionMember) -> Bool { byHash[member.infoHash] === member }

  /// Adds a member; returns false if there is one with its info-hash.
  func add(_ member: any SessionMember) -> Bool {
    guard byHash[member.infoHash] == nil else { return false }
    byHash[member.infoHash] = member
    all.append(member)
    return true
  }

  /// Removes a member; returns false if it is not among them.
  func remove(_ member: any SessionMember) -> Bool {
    guard contains(member) else { return false }
    byHash[member.infoHash] = nil
    all.removeAll { $0 === member }
    return true
  }
}
