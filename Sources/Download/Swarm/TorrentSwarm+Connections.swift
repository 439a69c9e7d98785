import Networking
import PeerWire
import Primitives
import Swarm

// Connected peers.

extension TorrentSwarm {
  /// Runs one peer's connection to its end; returns the reason and the bytes that it brought.
  func run(
    _ peer: GreetedPeer, from source: PeerSource
  ) async -> (end: PeerEnd, brought: Int64) {
    let connection = PeerConnection(
      number: history.makeNumber(), peer: peer, source: source,
      transport: throttled(peer.transport), swarm: self)
    connections.append(connection)
    numbers.append(connection.number)
    history.hasMetAnybody = true
    if source == .incoming { history.found(1, by: source) }
    history.met(at: peer.transport.local.address)
    events.send(
      .peerConnected(peer.endpoint, client: ClientName.of(peer.peerID), source: source))
    let (end, brought) = await connection.run()
    connections.removeAll { $0 === connection }
    numbers.removeAll { $0 == connection.number }
    if draining.latest === connection { draining.latest = nil }
    metadata?.left(connection.number)
    history.left(connection.number, at: peer.endpoint, source: source, brought: brought)
    events.send(.peerDisconnected(peer.endpoint, reason: end.reason))
    return (end, brought)
  }

  /// Returns the transport, within our rate limits if there are any.
  private func throttled(_ transport: any Transport) -> any Transport {
    let options = session.options
    guard options.downloadLimiter != nil || options.uploadLimiter != nil else { return transport }
    return ThrottledTransport(
      transport, downloads: options.downloadLimiter, uploads: options.uploadLimiter, clock: clock)
  }

  /// Ends all connections.
  func close() {
    exchange.close()
    drain()
    if let timer = draining.timer { clock.cancel(timer.id) }
    draining.timer = nil
    if content != nil { session.options.downloadLimiter?.quota.sharers -= 1 }
    gate.close()
  }

  // MARK: - Bans

  /// Ends the connections of a source that has lied, and never speaks to it again, even if it has
  /// left before it was found out.
  func ban(_ number: PeerNumber, reason: String) {
    if content?.webSeeds.ban(number, reason: reason) == true { return }
    guard let endpoint = endpoints(of: [number]).first, !gate.book.isBanned(endpoint) else {
      return
    }
    gate.book.ban(endpoint)
    history.banned.append(endpoint)
    events.send(.peerBanned(endpoint, reason: reason))
    for connection in connections where gate.book.isBanned(connection.endpoint) {
      connection.stop(.lied)
    }
  }

  /// Returns the addresses of peers that are or were connected, each once.
  func endpoints(of peers: [PeerNumber]) -> [Endpoint] {
    var seen: Set<PeerNumber> = []
    return peers.filter { seen.insert($0).inserted }.compactMap {
      connection($0)?.endpoint ?? history.endpoint(of: $0)
    }
  }
}
