import Networking
import PeerWire
import Primitives

/// A connection on which both handshakes have passed.
struct GreetedPeer {
  let transport: any Transport
  /// The address that was dialled, or that the peer came from.
  let endpoint: Endpoint
  let peerID: PeerID
  /// A Boolean value indicating whether we have dialled the peer.
  let isOutgoing: Bool
  /// The features that the peer announced in its handshake.
  let features: Handshake.Features

  /// Returns whether another connection leads to the same peer: the same id at the same address.
  ///
  /// The id alone proves nothing, because every peer that has met this one knows it. A peer that
  /// borrows the id must not keep us from its owner.
  func isSamePeer(as other: GreetedPeer) -> Bool {
    peerID == other.peerID && endpoint.address.unmapped == other.endpoint.address.unmapped
  }
}

/// The exchange of handshakes on a new connection, within a time limit.
@Reactor
struct PeerGreeting {
  let infoHash: InfoHash
  let ownID: PeerID
  let clock: any LoopClock
  /// The features that we announce.
  var features: Handshake.Features = .extensions

  static let timeout = Duration.seconds(10)

  /// Greets a peer that we have dialled; our handshake goes first.
  func greet(
    _ transport: any Transport, dialled endpoint: Endpoint
  ) async throws(WireError) -> GreetedPeer? {
    try await withTimeout(transport) { () async throws(WireError) -> GreetedPeer? in
      guard await send(on: transport),
        let bytes = await Self.receive(Handshake.length, after: [], on: transport)
      else { return nil }
      let handshake = try accept(bytes)
      return GreetedPeer(
        transport: transport, endpoint: endpoint, peerID: handshake.peerID, isOutgoing: true,
        features: handshake.features)
    }
  }

  /// Greets a peer that has dialled us; its handshake comes first and names the torrent.
  func welcome(_ transport: any Transport) async throws(WireError) -> GreetedPeer? {
    try await withTimeout(transport) { () async throws(WireError) -> GreetedPeer? in
      guard let start = await Self.receiveStart(from: transport) else { return nil }
      return try await answer(start, on: transport)
    }
  }

  /// Reads the part of the handshake that names the torrent; returns nil if none comes.
  static func receiveStart(from transport: any Transport) async -> [UInt8]? {
    await receive(Handshake.lengthWithoutPeerID, after: [], on: transport)
  }

  /// Answers a peer that has named the torrent, and reads the rest of its handshake.
  func answer(
    _ start: [UInt8], on transport: any Transport
  ) async throws(WireError) -> GreetedPeer? {
    guard Handshake.canBegin(with: start) else { throw .notBitTorrent }
    guard start.suffix(InfoHash.wireLength).elementsEqual(infoHash.wireBytes) else {
      throw .otherTorrent
    }
    guard await send(on: transport),
      let bytes = await Self.receive(Handshake.length, after: start, on: transport)
    else { return nil }
    let handshake = try accept(bytes)
    return GreetedPeer(
      transport: transport, endpoint: transport.remote, peerID: handshake.peerID,
      isOutgoing: false, features: handshake.features)
  }

  /// Greets a peer that we have dialled; closes the connection and returns nil if that fails.
  ///
  /// `ourselves` receives an address that turned out to be our own.
  func dialled(
    _ transport: any Transport, at endpoint: Endpoint, ourselves: (Endpoint) -> Void
  ) async -> GreetedPeer? {
    await finish(transport, ourselves) { () async throws(WireError) -> GreetedPeer? in
      try await greet(transport, dialled: endpoint)
    }
  }

  /// Greets a peer that has dialled us; closes the connection and returns nil if that fails.
  func accepted(
    _ transport: any Transport, ourselves: (Endpoint) -> Void
  ) async -> GreetedPeer? {
    await finish(transport, ourselves) { () async throws(WireError) -> GreetedPeer? in
      try await welcome(transport)
    }
  }

  private func finish(
    _ transport: any Transport, _ ourselves: (Endpoint) -> Void,
    _ exchange: () async throws(WireError) -> GreetedPeer?
  ) async -> GreetedPeer? {
    do throws(WireError) {
      if let peer = try await exchange() { return peer }
    } catch {
      if error == .ourselves { ourselves(transport.remote) }
    }
    transport.close()
    return nil
  }

  private func accept(_ bytes: [UInt8]) throws(WireError) -> Handshake {
    let handshake = try Handshake(bytes)
    guard handshake.infoHash == infoHash.wireBytes else { throw .otherTorrent }
    guard handshake.peerID != ownID else { throw .ourselves }
    return handshake
  }

  private func withTimeout(
    _ transport: any Transport, _ body: () async throws(WireError) -> GreetedPeer?
  ) async throws(WireError) -> GreetedPeer? {
    let timer = clock.schedule(at: clock.now + Self.timeout) { transport.close() }
    defer { clock.cancel(timer) }
    return try await body()
  }

  // MARK: - Bytes

  /// Sends our handshake; returns false if the connection ended first.
  private func send(on transport: any Transport) async -> Bool {
    var bytes = Handshake(infoHash: infoHash, peerID: ownID, features: features).bytes
    while !bytes.isEmpty {
      switch transport.write(bytes[...]) {
      case .bytes(let count): bytes.removeFirst(count)
      case .wouldBlock:
        await transport.waitUntilWritable()
        if Task.isCancelled { return false }
      case .closed, .failed: return false
      }
    }
    return true
  }

  /// Reads until there are exactly `count` bytes; returns nil if the connection ended first, or as
  /// soon as the bytes cannot be the beginning of a handshake.
  private static func receive(
    _ count: Int, after start: [UInt8], on transport: any Transport
  ) async -> [UInt8]? {
    var bytes = start
    while bytes.count < count {
      switch read(upTo: count - bytes.count, from: transport, into: &bytes) {
      case .bytes:
        guard Handshake.canBegin(with: bytes) else { return nil }
      case .wouldBlock:
        await transport.waitUntilReadable()
        if Task.isCancelled { return nil }
      case .closed, .failed: return nil
      }
    }
    return bytes
  }

  private static func read(
    upTo count: Int, from transport: any Transport, into bytes: inout [UInt8]
  ) -> IOResult {
    var chunk = [UInt8](repeating: 0, count: count)
    let result = unsafe chunk.withUnsafeMutableBytes { unsafe transport.read(into: $0) }
    if case .bytes(let read) = result { bytes += chunk.prefix(read) }
    return result
  }
}

extension PeerGreeting {
  /// Returns whether two connections to one peer may come from both sides dialling at once.
  ///
  /// In any other case the first connection stays, so that no peer can end a connection by
  /// borrowing an id.
  func areSimultaneous(_ peer: GreetedPeer, _ first: GreetedPeer, since joined: Instant) -> Bool {
    first.isOutgoing != peer.isOutgoing && clock.now - joined < PeerGate.Policy.connectTimeout
  }

  /// Returns whether a connection is the one of two simultaneous ones that stays: the one that the
  /// peer with the higher id has dialled.
  func stays(_ peer: GreetedPeer) -> Bool {
    peer.isOutgoing == ownID.isHigher(than: peer.peerID)
  }
}

extension PeerID {
  /// Returns whether this identifier comes after another one in the order of their bytes.
  fileprivate func isHigher(than other: PeerID) -> Bool {
    other.bytes.lexicographicallyPrecedes(bytes)
  }
}
