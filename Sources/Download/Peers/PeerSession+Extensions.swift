import Networking
import PeerWire
import Primitives
import Swarm

/// What one connection has of the extension protocol (BEP 10).
struct PeerExtensions {
  /// Whether the peer wants nothing more, even if it lacks pieces (BEP 21).
  var isUploadOnly = false
  /// Where the peer says that it listens.
  var listeningPort: UInt16?
  /// Gives the peer the metadata; made at its first request.
  var metadataServer: MetadataServer?
  /// Bounds what the peer tells us of others.
  var pexReceiver = PexReceiver()
  /// Knows what the peer was told of others; made when it is told for the first time.
  var pexSender: PexSender?
  /// When it is looked again whether there is something to tell.
  var nextPexLook = Instant.zero
}

// Messages of extensions: metadata and other peers.

extension PeerSession {
  /// How many bytes may wait for the connection before no more metadata is given.
  private static let metadataBacklog = 64 << 10

  /// Tells the peer of ourselves (BEP 10); again when something of it has changed.
  func introduce() {
    var handshake = ExtensionHandshake(
      extensions: swarm.exchangesPeers ? [.metadata, .peerExchange] : [.metadata])
    handshake.client = ClientIdentity.name
    handshake.listeningPort = swarm.listeningPort
    handshake.requestQueue = PeerConnectionMachine.requestLimit
    handshake.yourAddress = endpoint.address
    handshake.metadataSize = swarm.metadata.count
    handshake.isUploadOnly = work.board.isComplete
    machine.introduce(handshake)
  }

  /// The peer has told of itself, for the first time or anew.
  func introduced(_ handshake: ExtensionHandshake) {
    if let queue = handshake.requestQueue { window.peerQueues(queue) }
    if let address = handshake.yourAddress { swarm.seen(at: address, by: self) }
    if let port = handshake.listeningPort { extensions.listeningPort = port }
    extensions.isUploadOnly = handshake.isUploadOnly
    if handshake.isUploadOnly { swarm.becameUploadOnly(self) }
  }

  /// A message of an extension.
  func received(_ kind: WireExtension, _ payload: [UInt8]) throws(WireError) {
    switch kind {
    case .metadata:
      // Answers are no use to us, who have it; the machine bounds how many there may be.
      guard case .request(let piece)? = try MetadataMessage.decode(payload) else { return }
      var server = extensions.metadataServer ?? MetadataServer(info: swarm.metadata)
      server.received(requestFor: piece)
      extensions.metadataServer = server
      giveMetadata(now: clock.now)
    case .peerExchange:
      guard swarm.exchangesPeers else { return }
      swarm.heard(of: try extensions.pexReceiver.received(payload, now: clock.now))
    }
  }

  /// Sends what the peer has asked for of the metadata, as fast as it may have it.
  func giveMetadata(now: Instant) {
    while extensions.metadataServer?.hasWork == true, pendingBytes < Self.metadataBacklog,
      swarm.takeMetadataTurn(now: now),
      let reply = extensions.metadataServer?.nextReply(now: now)
    {
      guard machine.say(.metadata, payload: reply.payload) else { return }
    }
  }

  /// Where others can reach the peer; nil when nobody knows.
  var reachableEndpoint: Endpoint? {
    if isOutgoing { return endpoint }
    return extensions.listeningPort.map { Endpoint(address: endpoint.address, port: $0) }
  }

  /// Tells the peer of others, if it wants to know and it is time.
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
