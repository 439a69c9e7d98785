package import Primitives

/// The tracker's side of the UDP protocol (BEP 15).
extension TrackerResponder {
  /// The maximum length of a reply, in bytes, so that it is not fragmented.
  private static let maximumReplyLength = 1400
  private static let shortestAnnounce = 98

  /// Returns the reply to a datagram; nil if it must not be answered.
  ///
  /// A sender that has not proved that it receives at its address gets no more bytes than it sent.
  /// The tracker therefore cannot be abused to amplify a flood.
  package mutating func respond(
    toDatagram bytes: [UInt8], from asker: Endpoint, now: Instant
  ) -> [UInt8]? {
    var reader = ByteReader(bytes)
    guard let connection = reader.read(UInt64.self), let action = reader.read(UInt32.self),
      let transaction = reader.read(UInt32.self)
    else { return nil }
    let known = UDPTrackerPacket.Action(rawValue: action)
    if case .connect = known {
      guard connection == UDPTrackerPacket.protocolID else { return nil }
      var reply = Self.head(.connect, transaction)
      reply.appendBigEndian(connectionIDs.make(for: asker.address, now: now))
      return reply
    }
    guard connectionIDs.isGood(connection, for: asker.address, now: now) else { return nil }
    switch known {
    case .announce where bytes.count >= Self.shortestAnnounce:
      return announce(reader.rest, transaction, from: asker, now: now)
    case .scrape: return scrape(reader.rest, transaction)
    case .announce: return Self.failure("the announce is too short", transaction)
    case .connect, .error, nil: return Self.failure("unknown action", transaction)
    }
  }

  private static func head(_ action: UDPTrackerPacket.Action, _ transaction: UInt32) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendBigEndian(action.rawValue)
    bytes.appendBigEndian(transaction)
    return bytes
  }

  private static func failure(_ reason: String, _ transaction: UInt32) -> [UInt8] {
    head(.error, transaction) + reason.utf8
  }

  private mutating func announce(
    _ body: ArraySlice<UInt8>, _ transaction: UInt32, from asker: Endpoint, now: Instant
  ) -> [UInt8]? {
    var reader = ByteReader(body)
    guard let infoHash = reader.read(20), let peerID = reader.read(20).flatMap({ PeerID($0) }),
      reader.read(UInt64.self) != nil, let left = reader.read(UInt64.self),
      reader.read(UInt64.self) != nil, let event = reader.read(UInt32.self),
      let given = reader.read(UInt32.self), reader.read(UInt32.self) != nil,
      let wanted = reader.read(UInt32.self), let port = reader.read(UInt16.self)
    else { return nil }
    let address = address(given: given == 0 ? nil : .v4(given), asker: asker.address)
    let room = (Self.maximumReplyLength - 20) / (address.isIPv6 ? 18 : 6)
    // A number that would be negative leaves the choice to the tracker.
    let count = wanted > UInt32(Int32.max) ? 50 : Int(wanted)
    var announce = TrackerTable.Announce(
      infoHash: Array(infoHash), peer: Endpoint(address: address, port: port), peerID: peerID,
      left: Int64(clamping: left), event: Self.event(event),
      wantedPeers: min(count, room, options.maximumPeersPerReply))
    announce.family = asker.address.isIPv6 ? .onlyIPv6 : .onlyIPv4
    guard let answer = table.receive(announce, now: now, random: &random) else {
      return Self.failure("too many torrents", transaction)
    }
    var reply = Self.head(.announce, transaction)
    reply.appendBigEndian(UInt32(clamping: options.interval.components.seconds))
    reply.appendBigEndian(UInt32(clamping: answer.counts.leechers))
    reply.appendBigEndian(UInt32(clamping: answer.counts.seeders))
    return answer.peers.reduce(into: reply) { $0 += $1.endpoint.compactBytes }
  }

  private static func event(_ number: UInt32) -> AnnounceEvent? {
    switch number {
    case 1: .completed
    case 2: .started
    case 3: .stopped
    default: nil
    }
  }

  private func scrape(_ body: ArraySlice<UInt8>, _ transaction: UInt32) -> [UInt8] {
    var reader = ByteReader(body)
    var reply = Self.head(.scrape, transaction)
    for _ in 0..<UDPTrackerPacket.maximumScrapedTorrents {
      guard let infoHash = reader.read(20) else { break }
      let counts = table.counts(of: Array(infoHash))
      reply.appendBigEndian(UInt32(clamping: counts?.seeders ?? 0))
      reply.appendBigEndian(UInt32(clamping: counts?.downloaded ?? 0))
      reply.appendBigEndian(UInt32(clamping: counts?.leechers ?? 0))
    }
    return reply
  }
}
