import Networking
import PeerWire
import Primitives
import Swarm

// Addresses of peers: those that we learn, and those that we tell.

extension TorrentSwarm {
  /// Takes in the addresses of peers.
  ///
  /// Addresses that no peer can have, and our own, are left out, whoever names them.
  func learn(_ endpoints: [Endpoint], source: PeerSource) {
    let now = clock.now
    for endpoint in endpoints
    where endpoint.port != 0 && endpoint.address.isPossiblePeer && !isOurs(endpoint) {
      guard book.learn(endpoint, source: source, now: now) else { continue }
      history.found(1, by: source)
    }
    dialling.wakeup.fire()
  }

  /// Returns whether we listen there ourselves.
  private func isOurs(_ endpoint: Endpoint) -> Bool {
    let address = endpoint.address.unmapped
    return session.listeningEndpoints.contains { own in
      guard own.port == endpoint.port else { return false }
      if own.address == address { return true }
      guard own.address.isUnspecified, own.address.isIPv6 == address.isIPv6 else { return false }
      return address.isLoopback || history.ownAddresses.contains(address)
    }
  }

  /// Records that a tracker sees us at an address (BEP 24); that counts as much as a peer's word.
  func seen(at address: IPAddress) {
    guard address.isPossiblePeer else { return }
    history.met(at: address)
    seen(at: address, by: address)
  }

  /// Records that a peer sees us at an address.
  func seen(at address: IPAddress, by peer: IPAddress) {
    book.heard(ownAddress: address, from: peer, port: session.port)
  }

  // MARK: - News for peers

  /// Tells peers of each other, those whose time has come.
  func tellOfPeers(now: Instant) {
    guard exchangesPeers, content != nil else { return }
    var everybody: [PexPeer]?
    for connection in connections
    where connection.extensions.nextPexLook <= now && connection.machine.speaks(.peerExchange) {
      let known = everybody ?? reachablePeers()
      everybody = known
      // Addresses on this machine alone are no news to others.
      let isLocal = connection.endpoint.address.isLoopback
      connection.tell(
        of: isLocal ? known : known.filter { !$0.endpoint.address.isLoopback }, now: now)
    }
  }

  private func reachablePeers() -> [PexPeer] {
    connections.compactMap { connection in
      guard connection.end == nil, let endpoint = connection.reachableEndpoint,
        endpoint.address.isPossiblePeer
      else { return nil }
      var flags: PexPeer.Flags = connection.peer.isOutgoing ? .isReachable : []
      if exchange.countsAsSeed(connection.number) { flags.insert(.isSeed) }
      return PexPeer(endpoint, flags: flags)
    }
  }

  /// Tells every peer that takes part in the DHT that we do now.
  func tellDHTPort() {
    for connection in connections {
      connection.tellDHTPort()
      connection.flush()
    }
  }

  // MARK: - Facts

  /// Adds the peers' part to a snapshot.
  func add(to progress: inout ProgressSnapshot, now: Instant) {
    let traffic = exchange.traffic(now: now)
    progress.downloadedBytes += traffic.downloaded
    progress.uploadedBytes += traffic.uploaded
    progress.wastedBytes += traffic.wasted
    progress.downloadRate += traffic.downloadRate
    progress.uploadRate += traffic.uploadRate
    progress.seeds = connections.count { exchange.board.isSeed($0.number) }
    progress.connectedPeers = connections.count
    progress.knownPeers = book.knownCount
    progress.bannedPeers = history.banned.count
    var connected: [PeerSource: (count: Int, downloaded: Int64)] = [:]
    for connection in connections {
      let downloaded = exchange.downloaded(from: connection.number)
      connected[connection.source, default: (0, 0)].count += 1
      connected[connection.source, default: (0, 0)].downloaded += downloaded
    }
    progress.sources = PeerSource.allCases.compactMap { source in
      history.tallies[source].map {
        SourceSummary(
          source: source, found: $0.found, connected: connected[source]?.count ?? 0,
          downloadedBytes: $0.downloaded + (connected[source]?.downloaded ?? 0))
      }
    }
  }
}
