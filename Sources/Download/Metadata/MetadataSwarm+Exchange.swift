import Metainfo
import Networking
import PeerWire
import Primitives
import Swarm
import Tracker

// Handling of reports from sessions and trackers.

extension MetadataSwarm {
  /// The maximum number of peers taken from one tracker reply.
  private static let peersPerReply = 1000

  /// A Boolean value indicating whether to accept peers from peers.
  ///
  /// Whether the torrent is private is only known later; if it is, the peers found this way are not
  /// used.
  var exchangesPeers: Bool { options.torrent.sources.exchangesPeers }

  /// Returns our extension handshake for a peer (BEP 10).
  func introduction(to peer: Endpoint) -> ExtensionHandshake {
    var handshake = ExtensionHandshake(
      extensions: exchangesPeers ? [.metadata, .peerExchange] : [.metadata])
    handshake.client = ClientIdentity.name
    handshake.listeningPort = listeners.first?.endpoint.port
    handshake.requestQueue = PeerConnectionMachine.requestLimit
    handshake.yourAddress = peer.address
    return handshake
  }

  /// Adds peers, except for impossible addresses and our own.
  func learn(_ endpoints: [Endpoint], source: PeerSource) {
    let now = environment.clock.now
    for endpoint in endpoints
    where endpoint.port != 0 && endpoint.address.isPossiblePeer && !isOurs(endpoint) {
      book.learn(endpoint, source: source, now: now)
    }
    wake()
  }

  private func isOurs(_ endpoint: Endpoint) -> Bool {
    let address = endpoint.address.unmapped
    return listeners.contains { listener in
      let own = listener.endpoint
      guard own.port == endpoint.port else { return false }
      return own.address == address
        || own.address.isUnspecified && own.address.isIPv6 == address.isIPv6 && address.isLoopback
    }
  }

  /// Returns our DHT node's port for a peer at this address, or nil if there is none.
  func dhtPort(for address: IPAddress) -> UInt16? {
    dht?.port(isIPv6: address.unmapped.isIPv6)
  }

  /// Handles a peer's report that it runs a DHT node.
  func heardOfNode(at endpoint: Endpoint) {
    dht?.heard(of: endpoint)
  }
}

extension MetadataSwarm {
  /// Returns what the download can take over, after `run()` was cancelled.
  func found(began: Instant) -> FoundSwarm {
    announcer.announcesToAll = options.torrent.sources.announcesToAllTrackers
    return FoundSwarm(
      environment: environment, peerID: peerID, listeners: listeners, announcer: announcer,
      trackerReports: trackerReports,
      connections: ordered.filter { $0.end == nil }.map { session in
        FoundSwarm.Connection(peer: session.handedOver, source: session.source)
      },
      peers: book.known, dhtState: dht?.finalState ?? [], began: began)
  }
}

extension MetadataSwarm: AnnouncerDelegate {
  var totals: TransferTotals {
    // The length is unknown, but a tracker would take us for a seed if nothing were left.
    TransferTotals(uploaded: 0, downloaded: 0, left: link.length ?? 16 << 10)
  }

  var needsPeers: Bool { sessions.isEmpty && !book.hasCandidates }

  func announcer(found peers: [Endpoint], from tracker: String) {
    learn(Array(peers.prefix(Self.peersPerReply)), source: .tracker)
  }

  func announcer(reports report: TrackerReport) {
    if let address = report.externalAddress {
      book.heard(
        ownAddress: address, from: address, port: listeners.first?.endpoint.port ?? 0)
    }
    note(report)
    events.send(.tracker(report))
  }
}
