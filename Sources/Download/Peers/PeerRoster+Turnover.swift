import Networking
import PeerWire
import Primitives
import Swarm

// Who is not dialled at all, and who has to make room.

extension PeerRoster {
  /// Sends those away who are of no use while others wait.
  func reviewPeers() {
    let now = environment.clock.now
    let isSeeding = work.board.isComplete
    let candidates = sessions.map { session in
      PeerTurnover.Candidate(
        peer: session.number,
        isInteresting: session.machine.amInterested || session.machine.peerInterested,
        rate: isSeeding
          ? session.traffic.uploaded.rate(now: now) : session.traffic.downloaded.rate(now: now),
        joined: session.joined)
    }
    let someoneWaits = book.nextDialTime.map { $0 <= now } ?? false
    let verdict = turnover.review(
      candidates, limit: settings.maximumPeers, someoneWaits: someoneWaits, now: now)
    for peer in verdict.inactive { session(peer)?.stop(.inactive) }
    for peer in verdict.replaced { session(peer)?.stop(.replaced) }
  }

  /// Peers that a tracker or the user has named.
  ///
  /// Addresses that no peer can have, and our own, are left out.
  func learn(_ endpoints: [Endpoint], source: PeerSource) {
    let now = environment.clock.now
    for endpoint in endpoints
    where endpoint.port != 0 && endpoint.address.isPossiblePeer && !isOurs(endpoint) {
      guard book.learn(endpoint, source: source, now: now) else { continue }
      tallies[source, default: .init()].found += 1
    }
    wakeup.fire()
  }

  /// Whether we listen there ourselves.
  private func isOurs(_ endpoint: Endpoint) -> Bool {
    let address = endpoint.address.unmapped
    return listeningEndpoints.contains { own in
      guard own.port == endpoint.port else { return false }
      if own.address == address { return true }
      guard own.address.isUnspecified, own.address.isIPv6 == address.isIPv6 else { return false }
      return address.isLoopback || ownAddresses.contains(address)
    }
  }

  /// A tracker says where it sees us (BEP 24); that counts as much as a peer's word.
  func seen(at address: IPAddress) {
    guard address.isPossiblePeer else { return }
    noteOwnAddress(address)
    book.heard(ownAddress: address, from: address, port: listeningPort ?? 0)
  }

  /// Remembers under which of our addresses a peer has met us; a machine has only so many.
  func noteOwnAddress(_ address: IPAddress) {
    if ownAddresses.count < 64 { ownAddresses.insert(address.unmapped) }
  }
}

/// What peers of one source have meant to a run.
struct SourceRecord {
  /// How many addresses it named that were new.
  var found = 0
  /// Payload that those brought who have left, in bytes.
  var downloaded: Int64 = 0
}
