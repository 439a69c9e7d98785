import Metainfo
import Networking
import PeerWire
import Primitives
import Swarm
import Tracker

// What sessions and trackers tell, and what follows from it.

extension MetadataSwarm {
  /// How many peers one reply of a tracker may add.
  private static let peersPerReply = 1000

  /// Whether peers may tell us of others.
  ///
  /// Whether the torrent is private shows only later; then what came this way is not used.
  var exchangesPeers: Bool { options.exchangesPeers }

  /// What a peer is told of us (BEP 10).
  func introduction(to peer: Endpoint) -> ExtensionHandshake {
    var handshake = ExtensionHandshake(
      extensions: exchangesPeers ? [.metadata, .peerExchange] : [.metadata])
    handshake.client = ClientIdentity.name
    handshake.listeningPort = listeners.first?.endpoint.port
    handshake.requestQueue = PeerConnectionMachine.requestLimit
    handshake.yourAddress = peer.address
    return handshake
  }

  /// Takes in peers, but neither impossible addresses nor our own.
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

  /// The port of our DHT node for a peer at this address; nil when we have none.
  func dhtPort(for address: IPAddress) -> UInt16? {
    dht?.port(isIPv6: address.unmapped.isIPv6)
  }

  /// A peer has a DHT node there.
  func heardOfNode(at endpoint: Endpoint) {
    dht?.heard(of: endpoint)
  }
}

extension MetadataSwarm {
  /// What there is to go on with, once `run()` has been cancelled.
  func found(began: Instant) -> FoundSwarm {
    announcer.announcesToAll = options.announcesToAllTrackers
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
    // Nobody knows how much is missing; but something is, or a tracker would take us for a seed.
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
