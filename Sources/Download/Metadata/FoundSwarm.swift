import Networking
import Primitives
import Tracker

/// The results of a metadata search that the following download takes over.
///
/// They are open connections, trackers that know us, the listening port that they know, and
/// addresses. Each is taken once; a swarm that is not used must be closed.
@Reactor
final class FoundSwarm {
  /// A connection on which handshakes, and possibly more, were exchanged.
  struct Connection {
    let peer: GreetedPeer
    let source: PeerSource
  }

  let environment: Environment
  let peerID: PeerID
  private(set) var listeners: [any Listener]
  private(set) var announcer: Announcer?
  /// The latest report of each tracker.
  let trackerReports: [TrackerReport]
  private(set) var connections: [Connection]
  /// All known peers.
  let peers: [(endpoint: Endpoint, source: PeerSource)]
  /// The final state of our DHT node.
  let dhtState: [UInt8]
  /// The time at which the search began.
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

  /// Returns whether a private torrent may use peers from this source (BEP 27).
  static func isAllowedPrivately(_ source: PeerSource) -> Bool {
    source == .tracker || source == .given
  }

  /// Hands over the connections, after closing those from sources that are not allowed.
  func takeConnections(isPrivate: Bool) -> [Connection] {
    defer { connections = [] }
    return connections.filter { connection in
      if !isPrivate || Self.isAllowedPrivately(connection.source) { return true }
      connection.peer.transport.close()
      return false
    }
  }

  /// Hands over the listening sockets.
  func takeListeners() -> [any Listener] {
    defer { listeners = [] }
    return listeners
  }

  /// Hands over the announcer with the trackers that know us.
  func takeAnnouncer() -> Announcer? {
    defer { announcer = nil }
    return announcer
  }

  /// Closes whatever was not handed over, and sends `stopped` to the trackers.
  func close() async {
    for connection in connections { connection.peer.transport.close() }
    connections = []
    for listener in listeners { listener.close() }
    listeners = []
    await takeAnnouncer()?.stop()
  }
}
