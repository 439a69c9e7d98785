import Networking
import Primitives

/// The connections of all torrents: established ones, those that others are making to us, and those
/// that we are dialling.
///
/// No torrent can keep another from having a few (`FairShares`), and incoming connections never
/// take the room of those that we dial (`Admission`).
@Reactor
final class ConnectionBudget {
  /// The maximum number of connections that we may be dialling at once.
  nonisolated static let halfOpenLimit = 256

  /// The end of a connection, or of the attempt at one.
  enum End {
    /// We dialled, and the connection was not established.
    case failedDial
    /// A connection that we had dialled has ended.
    case outgoing
    /// A connection that came from this address has ended.
    case incoming(IPAddress)
  }

  private let members: SessionMembers
  private var connections: FairShares
  private var dials: FairShares
  private var admission = Admission()
  /// The number of incoming connections whose torrent is not known yet.
  private(set) var unnamed = 0
  /// The torrents that were refused since there was room, in the order in which they asked.
  private var refused: [InfoHash] = []

  /// Creates a budget of `limit` connections, of which none is in use.
  init(limit: Int, members: SessionMembers) {
    self.members = members
    connections = FairShares(limit: limit)
    dials = FairShares(limit: min(Self.halfOpenLimit, max(1, limit)))
  }

  /// The maximum number of connections.
  var limit: Int { connections.limit }

  /// The number of all connections, complete or in the making.
  var count: Int { connections.total + unnamed }

  /// Returns the number of connections of one torrent, complete or in the making.
  func count(of torrent: InfoHash) -> Int { connections.count(of: torrent) }

  // MARK: - Torrents

  /// Adds a torrent.
  func join(_ torrent: InfoHash) {
    connections.join(torrent)
    dials.join(torrent)
  }

  /// Removes a torrent with all its connections.
  func leave(_ torrent: InfoHash) {
    connections.leave(torrent)
    dials.leave(torrent)
    refused.removeAll { $0 == torrent }
    wake()
  }

  /// Returns how many connections a torrent should end, because another one that has fewer than its
  /// share was refused and no place is free.
  func surplus(of torrent: InfoHash) -> Int {
    guard count >= limit else { return 0 }
    let poor = refused.filter { connections.count(of: $0) < connections.share }
    let missing = poor.reduce(0) { $0 + connections.share - connections.count(of: $1) }
    let richest = members.all.map { connections.count(of: $0.infoHash) }.max() ?? 0
    let own = connections.count(of: torrent)
    return own == richest ? min(missing, max(0, own - connections.share)) : 0
  }

  // MARK: - Dialling

  /// Returns whether a torrent may dial one more peer; one that is refused hears of room later.
  func mayDial(for torrent: InfoHash) -> Bool {
    if hasRoom(for: torrent) {
      refused.removeAll { $0 == torrent }
      return true
    }
    if members[torrent] != nil, !refused.contains(torrent) { refused.append(torrent) }
    return false
  }

  private func hasRoom(for torrent: InfoHash) -> Bool {
    dials.mayTake(torrent) && connections.mayTake(torrent, unnamed: unnamed)
  }

  /// Counts a connection that a torrent begins to dial.
  func began(for torrent: InfoHash) {
    connections.take(torrent)
    dials.take(torrent)
  }

  /// Counts a dialled connection as established, with both handshakes.
  func established(for torrent: InfoHash) {
    dials.give(torrent)
    wake()
  }

  // MARK: - Incoming connections

  /// Admits a connection whose torrent is not known yet.
  ///
  /// When no torrent needs to dial, more connections may come from others.
  func admit(_ address: IPAddress) -> Bool {
    var incoming = max(1, limit - limit / 2)
    if admission.count >= incoming, members.all.allSatisfy(\.dhtNeeds.isSeed) {
      incoming = max(1, limit - limit / 8)
    }
    guard count < limit, admission.admit(address, limit: incoming) else { return false }
    unnamed += 1
    return true
  }

  /// Returns whether an admitted connection, which has named this torrent, may go on.
  func mayWelcome(for torrent: InfoHash) -> Bool {
    connections.mayTake(torrent, unnamed: unnamed - 1)
  }

  /// Counts an admitted connection as one of the torrent that it has named.
  func welcomed(for torrent: InfoHash) {
    unnamed -= 1
    connections.take(torrent)
  }

  /// Forgets an admitted connection that ended before it was welcomed.
  func turnedAway(_ address: IPAddress) {
    unnamed -= 1
    admission.left(address)
    wake()
  }

  // MARK: - Ends

  /// Counts the end of a torrent's connection.
  ///
  /// A torrent that has left still reports its incoming ones, which count for their network.
  func ended(_ end: End, for torrent: InfoHash) {
    switch end {
    case .failedDial: dials.give(torrent)
    case .outgoing: break
    case .incoming(let address): admission.left(address)
    }
    connections.give(torrent)
    wake()
  }

  /// Tells the refused torrents that have room now, in the order in which they asked.
  private func wake() {
    guard !refused.isEmpty else { return }
    let lucky = refused.filter(hasRoom)
    guard !lucky.isEmpty else { return }
    refused.removeAll { lucky.contains($0) }
    for torrent in lucky { members[torrent]?.roomFreed() }
  }
}
