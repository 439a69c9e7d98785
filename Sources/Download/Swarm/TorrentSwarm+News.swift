import Networking
import PeerWire
import Primitives
import Swarm

// News for peers, and facts for the run.

extension TorrentSwarm {
  /// Tells peers of each other, if it is time for them.
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
    progress.knownPeers = gate.book.knownCount
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
