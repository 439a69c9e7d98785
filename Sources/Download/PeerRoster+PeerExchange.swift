import Metainfo
import Networking
import PeerWire
import Primitives
import Swarm

// What the extension protocol needs of the whole swarm: metadata for all, and news of peers.

extension PeerRoster {
  var metadata: ArraySlice<UInt8> { settings.metadata }

  var exchangesPeers: Bool { settings.exchangesPeers }

  func takeMetadataTurn(now: Instant) -> Bool { metadataAllowance.takeOne(now: now) }

  /// Peers that a peer knows of: strangers may be liars, so only a part of the book is for them.
  func heard(of peers: [PexPeer]) {
    learn(peers.map(\.endpoint), source: .pex)
  }

  func becameUploadOnly(_ session: PeerSession) {
    if work.board.isComplete { session.stop(.nothingToExchange) }
  }

  /// Tells peers of each other, those whose time has come.
  func exchangePeers(now: Instant) {
    guard exchangesPeers else { return }
    var everybody: [PexPeer]?
    for session in sessions
    where session.extensions.nextPexLook <= now && session.machine.speaks(.peerExchange) {
      let known = everybody ?? reachablePeers()
      everybody = known
      // What is on this machine alone is no news to others.
      let isLocal = session.endpoint.address.isLoopback
      session.tell(
        of: isLocal ? known : known.filter { !$0.endpoint.address.isLoopback }, now: now)
    }
  }

  private func reachablePeers() -> [PexPeer] {
    sessions.compactMap { session in
      guard session.end == nil, let endpoint = session.reachableEndpoint,
        endpoint.address.isPossiblePeer
      else { return nil }
      var flags: PexPeer.Flags = session.isOutgoing ? .isReachable : []
      if session.isSeed || session.extensions.isUploadOnly { flags.insert(.isSeed) }
      return PexPeer(endpoint, flags: flags)
    }
  }
}
