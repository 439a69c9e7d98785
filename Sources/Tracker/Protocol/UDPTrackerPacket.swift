internal import Primitives

/// The datagrams of the UDP tracker protocol (BEP 15) and its extension for URLs (BEP 41).
enum UDPTrackerPacket {
  /// The constant at the start of every connect request.
  static let protocolID: UInt64 = 0x417_2710_1980
  /// The maximum number of torrents in one scrape, so that it fits into a packet.
  static let maximumScrapedTorrents = 74
  /// The maximum number of bytes of path and query sent, so that they fit into a packet.
  static let maximumTargetLength = 1000

  /// The kind of a datagram, with its number on the wire.
  enum Action: UInt32 {
    case connect = 0
    case announce, scrape, error
  }

  // MARK: - Requests

  /// Encodes a request for a connection id.
  static func connect(transaction: UInt32) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendBigEndian(protocolID)
    bytes.appendBigEndian(Action.connect.rawValue)
    bytes.appendBigEndian(transaction)
    return bytes
  }

  /// Encodes an announce; `target` is the path and query of the tracker's URL, or empty.
  static func announce(
    _ request: AnnounceRequest, target: [UInt8], connection: UInt64, transaction: UInt32
  ) -> [UInt8] {
    var bytes = head(.announce, connection, transaction)
    bytes += request.infoHash.wireBytes
    bytes += request.peerID.bytes
    bytes.appendBigEndian(max(request.totals.downloaded, 0))
    bytes.appendBigEndian(max(request.totals.left, 0))
    bytes.appendBigEndian(max(request.totals.uploaded, 0))
    bytes.appendBigEndian(number(of: request.event))
    // The tracker takes the address from the datagram itself.
    bytes.appendBigEndian(UInt32(0))
    bytes.appendBigEndian(request.key)
    bytes.appendBigEndian(
      request.event == .stopped ? Int32(0) : Int32(clamping: request.wantedPeers))
    bytes.appendBigEndian(request.port)
    return bytes + options(target: target)
  }

  /// Encodes a scrape.
  static func scrape(
    _ infoHashes: some Sequence<InfoHash>, connection: UInt64, transaction: UInt32
  ) -> [UInt8] {
    infoHashes.prefix(maximumScrapedTorrents)
      .reduce(into: head(.scrape, connection, transaction)) { $0 += $1.wireBytes }
  }

  private static func head(
    _ action: Action, _ connection: UInt64, _ transaction: UInt32
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendBigEndian(connection)
    bytes.appendBigEndian(action.rawValue)
    bytes.appendBigEndian(transaction)
    return bytes
  }

  /// Returns an event's number on the wire.
  static func number(of event: AnnounceEvent?) -> UInt32 {
    switch event {
    // The UDP protocol has no event for a partial seed.
    case nil, .paused: 0
    case .completed: 1
    case .started: 2
    case .stopped: 3
    }
  }

  /// Encodes the path and query in chunks of at most 255 bytes and an end marker (BEP 41).
  private static func options(target: [UInt8]) -> [UInt8] {
    var rest = target.prefix(maximumTargetLength)
    var bytes: [UInt8] = []
    while !rest.isEmpty {
      let piece = rest.prefix(255)
      rest = rest.dropFirst(255)
      bytes += [2, UInt8(piece.count)] + piece
    }
    return bytes.isEmpty ? [] : bytes + [0]
  }

  // MARK: - Replies

  /// The first eight bytes of a reply.
  struct ReplyHead {
    let action: UInt32
    let transaction: UInt32
  }

  /// Reads the head of a reply; nil if the datagram is too short for one.
  static func readHead(_ reader: inout ByteReader) -> ReplyHead? {
    guard let action = reader.read(UInt32.self), let transaction = reader.read(UInt32.self) else {
      return nil
    }
    return ReplyHead(action: action, transaction: transaction)
  }

  /// Reads the body of a reply to an announce.
  static func readAnnounce(
    _ body: ArraySlice<UInt8>, isIPv6: Bool
  ) throws(TrackerError) -> AnnounceReply {
    var reader = ByteReader(body)
    guard let interval = reader.read(UInt32.self), let leechers = reader.read(UInt32.self),
      let seeders = reader.read(UInt32.self)
    else { throw .badReply("an announce of \(body.count + 8) bytes") }
    // Some trackers treat the numbers as signed, so values that would be negative count as absent.
    var reply = AnnounceReply()
    reply.interval = Int32(exactly: interval).map { .seconds(min($0, 86_400)) }
    reply.leechers = Int32(exactly: leechers).map { Int($0) }
    reply.seeders = Int32(exactly: seeders).map { Int($0) }
    // Bytes after the last complete peer may belong to a later version of the protocol.
    let size = isIPv6 ? 18 : 6
    let count = min(reader.rest.count / size, AnnounceReply.maximumPeers)
    let peers = Endpoint.readCompactList(reader.rest.prefix(count * size), isIPv6: isIPv6) ?? []
    reply.peers = AnnounceReply.distinctPeers(peers)
    return reply
  }

  /// Reads the body of a reply to a scrape of these torrents.
  static func readScrape(
    _ body: ArraySlice<UInt8>, of infoHashes: [InfoHash]
  ) throws(TrackerError) -> ScrapeReply {
    var reader = ByteReader(body)
    var reply = ScrapeReply()
    for infoHash in infoHashes.prefix(maximumScrapedTorrents) {
      guard let seeders = reader.read(UInt32.self), let downloaded = reader.read(UInt32.self),
        let leechers = reader.read(UInt32.self)
      else { break }
      reply.torrents[Array(infoHash.wireBytes)] = ScrapeReply.Counts(
        seeders: Int(seeders), leechers: Int(leechers), downloaded: Int(downloaded))
    }
    guard !reply.torrents.isEmpty || infoHashes.isEmpty else {
      throw .badReply("a scrape of \(body.count + 8) bytes")
    }
    return reply
  }
}
