import Metainfo
import Networking
import PeerWire
import Primitives
import Swarm

// What the extension protocol needs of the whole swarm: metadata for all, and news of peers.

extension PeerRoster {
  var metadata: ArraySlice<UInt8> { settings.metadata }

  var exchangesPeers: Bool { settings.exchangesPeers }

  /// 4 MiB of metadata a second, or half of what may be sent at all if that is less.
  static func metadataAllowance(limit: Int?) -> MessageAllowance {
    let pieces = limit.map { Double($0) / 2 / Double(MetadataMessage.pieceLength) } ?? 256
    return MessageAllowance(burst: pieces < 256 ? 1 : 512, perSecond: min(256, pieces))
  }

  func takeMetadataTurn(now: Instant) -> Bool {
    guard metadataAllowance.takeOne(now: now) else { return false }
    settings.uploadLimiter?.charge(MetadataMessage.pieceLength, now: now)
    return true
  }

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
