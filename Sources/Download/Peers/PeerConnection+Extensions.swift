import Networking
import PeerWire
import Primitives
import Swarm

/// The state of the extension protocol on one connection (BEP 10).
struct PeerExtensions {
  /// The port on which the peer listens, as it says.
  var listeningPort: UInt16?
  /// The server of the peer's metadata requests; made at the first one.
  var metadataServer: MetadataServer?
  /// The bound on the addresses that the peer tells us.
  var pexReceiver = PexReceiver()
  /// The memory of the addresses that the peer was told; made when it is told for the first time.
  var pexSender: PexSender?
  /// The time of the next look for news of others.
  var nextPexLook = Instant.zero
}

// Messages of extensions: metadata and other peers.

extension PeerConnection {
  /// The number of unsent bytes from which on no more metadata is given.
  private static let metadataBacklog = 64 << 10

  /// Sends our extension handshake (BEP 10), for the first time or after a change.
  func introduce() {
    machine.introduce(swarm.introduction(to: endpoint))
  }

  /// Tells a peer that takes part in the DHT our node's port, once we have one (BEP 5).
  func tellDHTPort() {
    guard peer.features.contains(.dht), swarm.usesDHT,
      let port = swarm.session.dhtPort(isIPv6: endpoint.address.unmapped.isIPv6)
    else { return }
    machine.say(.port(port))
  }

  /// Handles the peer's handshake, the first one or a later one.
  func introduced(_ handshake: ExtensionHandshake) {
    if let queue = handshake.requestQueue { swarm.exchange.queues(number, queue) }
    if let address = handshake.yourAddress { swarm.gate.seen(at: address, by: endpoint.address) }
    if let port = handshake.listeningPort { extensions.listeningPort = port }
    swarm.exchange.uploadOnly(number, handshake.isUploadOnly)
    if machine.speaks(.metadata), let size = handshake.metadataSize {
      swarm.metadata?.offered(by: number, size: size)
    }
  }

  /// Handles a message of an extension.
  func received(_ kind: WireExtension, _ payload: [UInt8]) throws(WireError) {
    switch kind {
    case .metadata:
      guard let message = try MetadataMessage.decode(payload) else { return }
      if case .request(let piece) = message {
        var server = extensions.metadataServer ?? MetadataServer(info: swarm.metadataBytes)
        server.received(requestFor: piece)
        extensions.metadataServer = server
        giveMetadata(now: clock.now)
      } else {
        // Once the metadata is here, answers are useless; the machine bounds their number.
        try swarm.metadata?.received(message, from: self)
      }
    case .peerExchange:
      guard swarm.exchangesPeers else { return }
      let peers = try extensions.pexReceiver.received(payload, now: clock.now)
      swarm.gate.learn(peers.map(\.endpoint), source: .pex)
    }
  }

  /// Asks for a piece of the metadata; `flush()` sends it.
  func ask(forMetadata piece: Int) {
    _ = machine.say(.metadata, payload: MetadataMessage.request(piece: piece).payload)
  }

  /// Sends the metadata that the peer has requested, as fast as the limits allow.
  func giveMetadata(now: Instant) {
    while extensions.metadataServer?.hasWork == true, pendingBytes < Self.metadataBacklog,
      swarm.metadataTurns.take(now: now),
      let reply = extensions.metadataServer?.nextReply(now: now)
    {
      guard machine.say(.metadata, payload: reply.payload) else { return }
    }
  }

  /// The address at which others can reach the peer; nil if it is unknown.
  var reachableEndpoint: Endpoint? {
    if peer.isOutgoing { return endpoint }
    return extensions.listeningPort.map { Endpoint(address: endpoint.address, port: $0) }
  }

  /// Tells the peer of others, if there is news and it is time.
  func tell(of connected: [PexPeer], now: Instant) {
    var sender =
      extensions.pexSender ?? PexSender(recipient: reachableEndpoint ?? endpoint)
    if let message = sender.nextMessage(connected: connected, now: now) {
      _ = machine.say(.peerExchange, payload: message.payload)
      flush()
      extensions.nextPexLook = now + PexSender.interval
    } else {
      extensions.nextPexLook = now + .seconds(10)
    }
    extensions.pexSender = sender
  }
}
