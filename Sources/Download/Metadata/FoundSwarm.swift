import Networking
import Primitives
import Tracker

/// What the search for a torrent's metadata has found on the way, for the download that follows: open
/// connections, trackers that know us, the port that they know, and addresses.
///
/// It is used once. Who does not use it closes it.
@Reactor
final class FoundSwarm {
  /// A peer with whom handshakes were exchanged, and what both sides have said since.
  struct Connection {
    let peer: GreetedPeer
    let source: PeerSource
  }

  let environment: Environment
  let peerID: PeerID
  private(set) var listeners: [any Listener]
  private(set) var announcer: Announcer?
  /// What each tracker last said.
  let trackerReports: [TrackerReport]
  private(set) var connections: [Connection]
  /// Everybody that was heard of.
  let peers: [(endpoint: Endpoint, source: PeerSource)]
  /// What our node of the distributed hash table knew at its end.
  let dhtState: [UInt8]
  /// When the search began.
  let began: Instant

  init(
    environment: Environment, peerID: PeerID, listeners: [any Listener], announcer: Announcer,
    trackerReports: [TrackerReport], connections: [Connection],
    peers: [(endpoint: Endpoint, source: PeerSource)], dhtState: [UInt8], began: Instant
  ) {
    self.environment = environment
    self.peerID = peerID
    self.listeners = listeners
    self.announcer = announcer
    self.trackerReports = trackerReports
    self.connections = connections
    self.peers = peers
    self.dhtState = dhtState
    self.began = began
  }

  /// Whether a private torrent may have anything to do with a peer of that source (BEP 27).
  static func isAllowedPrivately(_ source: PeerSource) -> Bool {
    source == .tracker || source == .given
  }

  /// Gives the connections away, those of sources that are not allowed closed.
  func takeConnections(isPrivate: Bool) -> [Connection] {
    defer { connections = [] }
    return connections.filter { connection in
      if !isPrivate || Self.isAllowedPrivately(connection.source) { return true }
      connection.peer.transport.close()
      return false
    }
  }

  /// Gives the listening sockets away.
  func takeListeners() -> [any Listener] {
    defer { listeners = [] }
    return listeners
  }

  /// Gives the announcer away, with the trackers that know us.
  func takeAnnouncer() -> Announcer? {
    defer { announcer = nil }
    return announcer
  }

  /// Closes what nobody has taken, and tells the trackers good-bye.
  func close() async {
    for connection in connections { connection.peer.transport.close() }
    connections = []
    for listener in listeners { listener.close() }
    listeners = []
    await takeAnnouncer()?.stop()
  }
}
