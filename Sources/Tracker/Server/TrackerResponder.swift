internal import Bencode
package import Primitives

/// The pure part of a tracker: answers HTTP and UDP requests from one table of peers.
///
/// It supports `/announce` (BEP 3, BEP 7, BEP 23, BEP 24), `/scrape` (BEP 48) and the datagrams of
/// BEP 15.
package struct TrackerResponder: Sendable {
  /// The maximum number of torrents in one reply to a scrape.
  package static let maximumScrapedTorrents = 1000

  /// The peers of all swarms.
  package internal(set) var table: TrackerTable
  let options: TrackerServerOptions
  var random: SeededRandom
  let connectionIDs: ConnectionIDs

  /// Creates a responder without peers.
  package init(options: TrackerServerOptions, random: SeededRandom) {
    var random = random
    self.options = options
    connectionIDs = ConnectionIDs(random: &random)
    self.random = random
    table = TrackerTable(
      lifetime: options.interval * 2, maximumTorrents: options.maximumTorrents,
      maximumPeersPerTorrent: options.maximumPeersPerTorrent)
  }

  /// Returns the complete response to a request from `asker`.
  package mutating func respond(
    to request: HTTPRequestHead, from asker: IPAddress, now: Instant
  ) -> [UInt8] {
    let body: BencodeTree
    if request.path.elementsEqual("/announce".utf8) {
      body = announce(request, from: asker, now: now)
    } else if request.path.elementsEqual("/scrape".utf8) {
      body = scrape(request)
    } else {
      return Self.response(404, body: Array("not found\n".utf8), keepsAlive: request.keepsAlive)
    }
    return Self.response(200, body: body.encodedBytes, keepsAlive: request.keepsAlive)
  }

  /// Removes peers that have not announced for too long.
  package mutating func expire(now: Instant) {
    table.expire(now: now)
  }

  /// Returns a complete HTTP response.
  package static func response(_ status: Int, body: [UInt8] = [], keepsAlive: Bool) -> [UInt8] {
    let reasons = [
      200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed",
      413: "Content Too Large", 431: "Request Header Fields Too Large",
    ]
    let head = """
      HTTP/1.1 \(status) \(reasons[status] ?? "Error")\r
      Content-Type: text/plain\r
      Content-Length: \(body.count)\r
      Connection: \(keepsAlive ? "keep-alive" : "close")\r
      \r\n
      """
    return Array(head.utf8) + body
  }

  // MARK: - Announce

  private mutating func announce(
    _ request: HTTPRequestHead, from asker: IPAddress, now: Instant
  ) -> BencodeTree {
    guard let infoHash = request.value("info_hash"), infoHash.count == InfoHash.wireLength else {
      return Self.failure("info_hash must have 20 bytes")
    }
    guard let peerID = request.value("peer_id").flatMap({ PeerID($0) }) else {
      return Self.failure("peer_id must have 20 bytes")
    }
    guard let port = Self.number("port", in: request).flatMap({ UInt16(exactly: $0) }) else {
      return Self.failure("port must be a number up to 65535")
    }
    guard let left = request.value("left") == nil ? 1 : Self.number("left", in: request) else {
      return Self.failure("left must be a number")
    }
    let event = request.value("event").flatMap {
      AnnounceEvent(rawValue: String(decoding: $0, as: UTF8.self))
    }
    let wanted = Self.number("numwant", in: request) ?? 50
    let announce = TrackerTable.Announce(
      infoHash: infoHash,
      peer: Endpoint(address: address(given: given(in: request), asker: asker), port: port),
      peerID: peerID, left: left, event: event,
      wantedPeers: Int(min(max(wanted, 0), Int64(options.maximumPeersPerReply))))
    guard let answer = table.receive(announce, now: now, random: &random) else {
      return Self.failure("too many torrents")
    }
    return reply(answer, to: request, from: asker)
  }

  private func given(in request: HTTPRequestHead) -> IPAddress? {
    request.value("ip").flatMap { IPAddress(String(decoding: $0, as: UTF8.self)) }
  }

  /// Returns a peer's address: the one it gives, if that is allowed, or the one it asks from.
  func address(given: IPAddress?, asker: IPAddress) -> IPAddress {
    let asker = asker.unmapped
    guard options.honoursGivenAddress, asker.isLoopback, let given = given?.unmapped,
      given.isPossiblePeer
    else { return asker }
    return given
  }

  private func reply(
    _ answer: TrackerTable.Answer, to request: HTTPRequestHead, from asker: IPAddress
  ) -> BencodeTree {
    var entries: [BencodeBytes: BencodeTree] = [
      "interval": .integer(options.interval.components.seconds),
      "min interval": .integer(options.minimumInterval.components.seconds),
      "complete": .integer(Int64(answer.counts.seeders)),
      "incomplete": .integer(Int64(answer.counts.leechers)),
      "external ip": .bytes(asker.unmapped.networkBytes),
    ]
    if request.value("compact") == Array("0".utf8) {
      let namesPeers = request.value("no_peer_id") != Array("1".utf8)
      entries["peers"] = .list(answer.peers.map { Self.dictionary(of: $0, namesPeer: namesPeers) })
    } else {
      let (six, four) = answer.peers.map(\.endpoint).reduce(into: ([UInt8](), [UInt8]())) {
        if $1.address.isIPv6 { $0.0 += $1.compactBytes } else { $0.1 += $1.compactBytes }
      }
      entries["peers"] = .bytes(four)
      if !six.isEmpty { entries["peers6"] = .bytes(six) }
    }
    return .dictionary(entries)
  }

  private static func dictionary(
    of member: TrackerTable.Member, namesPeer: Bool
  ) -> BencodeTree {
    var entries: [BencodeBytes: BencodeTree] = [
      "ip": .bytes(member.endpoint.address.description.utf8),
      "port": .integer(Int64(member.endpoint.port)),
    ]
    if namesPeer { entries["peer id"] = .bytes(member.peerID.bytes) }
    return .dictionary(entries)
  }

  private static func failure(_ reason: String) -> BencodeTree {
    ["failure reason": .string(BencodeBytes(reason))]
  }

  /// Returns a query item as a number that is not negative.
  private static func number(_ name: String, in request: HTTPRequestHead) -> Int64? {
    guard let text = request.value(name), (1...19).contains(text.count),
      let number = Int64(String(decoding: text, as: UTF8.self)), number >= 0
    else { return nil }
    return number
  }

  // MARK: - Scrape

  private func scrape(_ request: HTTPRequestHead) -> BencodeTree {
    let asked = request.query.filter { $0.name.elementsEqual("info_hash".utf8) }.map(\.value)
    var files: [BencodeBytes: BencodeTree] = [:]
    for infoHash in (asked.isEmpty ? table.torrents : asked).prefix(Self.maximumScrapedTorrents) {
      guard let counts = table.counts(of: infoHash) else { continue }
      files[BencodeBytes(infoHash)] = [
        "complete": .integer(Int64(counts.seeders)),
        "downloaded": .integer(Int64(counts.downloaded)),
        "incomplete": .integer(Int64(counts.leechers)),
      ]
    }
    return ["files": .dictionary(files)]
  }
}
