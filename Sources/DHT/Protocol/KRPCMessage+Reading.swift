internal import Bencode
import Primitives

extension KRPCMessage {
  private static let limits = BencodeLimits(depth: 6, tokens: 600, warnings: 0)

  /// Parses a datagram.
  ///
  /// Unknown keys are ignored and keys need not be sorted. An optional value of the wrong type or
  /// length counts as absent.
  ///
  /// - Parameter datagram: The whole datagram.
  /// - Throws: The reason why it is not a message, or is a query that cannot be answered.
  package init(parsing datagram: [UInt8]) throws(KRPCError) {
    guard datagram.count <= Self.maximumLength else { throw .tooLong(datagram.count) }
    let root = try Self.parse(datagram)
    guard let transaction = root["t"]?.bytes, !transaction.isEmpty,
      transaction.count <= Self.maximumTransactionLength
    else { throw .noTransaction }
    self.transaction = Array(transaction)
    switch root["y"]?.bytes.map({ Array($0) }) {
    case [UInt8(ascii: "q")]:
      do throws(KRPCFailure) {
        body = .query(try KRPCQuery(root))
      } catch {
        throw .unusableQuery(transaction: Array(transaction), error)
      }
    case [UInt8(ascii: "r")]:
      guard let reply = root["r"]?.dictionary.flatMap({ KRPCReply($0) }) else {
        throw .replyWithoutSender
      }
      body = .reply(reply)
    case [UInt8(ascii: "e")]:
      body = .failure(KRPCFailure(root["e"]))
    default: throw .unknownKind
    }
    isReadOnly = root["ro"]?.integer == 1
    observed = root["ip"]?.bytes.flatMap { Endpoint(compact: $0) }
  }

  private static func parse(_ datagram: [UInt8]) throws(KRPCError) -> BencodeDictionary {
    let document: BencodeDocument
    do throws(BencodeError) {
      document = try BencodeParser.parsePrefix(
        datagram, limits: limits, tolerance: .everywhere)
    } catch {
      throw .malformed("\(error)")
    }
    guard let root = document.root.dictionary else { throw .malformed("not a dictionary") }
    return root
  }
}

extension KRPCQuery {
  fileprivate init(_ root: BencodeDictionary) throws(KRPCFailure) {
    guard let name = root["q"]?.text else { throw .malformed("query without a name") }
    guard let arguments = root["a"]?.dictionary, let sender = arguments.nodeID("id") else {
      throw .malformed("query without an id of 20 bytes")
    }
    self.init(sender: sender, method: .ping, wants: Self.wants(arguments["want"]))
    switch name {
    case "ping": break
    case "find_node":
      guard let target = arguments.nodeID("target") else {
        throw .malformed("find_node without a target of 20 bytes")
      }
      method = .findNode(target: target)
    case "get_peers":
      var options = KRPCPeerOptions()
      options.withoutSeeds = arguments["noseed"]?.integer == 1
      options.isScrape = arguments["scrape"]?.integer == 1
      method = .getPeers(infoHash: try arguments.infoHash(), options: options)
    case "announce_peer": method = try Self.announcePeer(arguments)
    default: throw .unknownMethod
    }
  }

  private static func announcePeer(
    _ arguments: BencodeDictionary
  ) throws(KRPCFailure) -> Method {
    let infoHash = try arguments.infoHash()
    guard let token = arguments["token"]?.bytes, !token.isEmpty,
      token.count <= KRPCReply.maximumTokenLength
    else { throw .malformed("announce_peer without a token") }
    var announcement = PeerAnnouncement(port: nil, isSeed: arguments["seed"]?.integer == 1)
    if arguments["implied_port"]?.integer ?? 0 == 0 {
      guard let number = arguments["port"]?.integer, let port = UInt16(exactly: number), port != 0
      else { throw .malformed("announce_peer without a port") }
      announcement.port = port
    }
    return .announcePeer(infoHash: infoHash, announcement: announcement, token: Array(token))
  }

  private static func wants(_ value: BencodeValue?) -> AddressFamilies? {
    guard let list = value?.list else { return nil }
    var families: AddressFamilies = []
    for flag in list {
      if flag.text == "n4" { families.insert(.v4) }
      if flag.text == "n6" { families.insert(.v6) }
    }
    return families.isEmpty ? nil : families
  }
}

extension KRPCReply {
  fileprivate init?(_ values: BencodeDictionary) {
    guard let sender = values.nodeID("id") else { return nil }
    self.init(sender: sender)
    if let bytes = values["nodes"]?.bytes {
      nodes = NodeContact.readCompactList(bytes, isIPv6: false, limit: Self.maximumNodes)
    }
    if let bytes = values["nodes6"]?.bytes {
      nodes6 = NodeContact.readCompactList(bytes, isIPv6: true, limit: Self.maximumNodes)
    }
    if let list = values["values"]?.list {
      peers = list.lazy.prefix(Self.maximumPeers).compactMap { value in
        value.bytes.flatMap { Endpoint(compact: $0) }
      }
    }
    token = values["token"]?.bytes.flatMap { bytes in
      (1...Self.maximumTokenLength).contains(bytes.count) ? Array(bytes) : nil
    }
    seedFilter = values["BFsd"]?.bytes.flatMap { BloomFilter($0) }
    peerFilter = values["BFpe"]?.bytes.flatMap { BloomFilter($0) }
  }
}

extension KRPCFailure {
  fileprivate init(_ value: BencodeValue?) {
    var iterator = value?.list?.makeIterator()
    code = Int(clamping: iterator?.next()?.integer ?? 201)
    reason = String(decoding: (iterator?.next()?.bytes ?? []).prefix(100), as: UTF8.self)
  }
}

extension BencodeDictionary {
  fileprivate func nodeID(_ key: String) -> NodeID? {
    self[key]?.bytes.flatMap { NodeID($0) }
  }

  fileprivate func infoHash() throws(KRPCFailure) -> NodeID {
    guard let infoHash = nodeID("info_hash") else {
      throw .malformed("no info_hash of 20 bytes")
    }
    return infoHash
  }
}

extension Endpoint {
  /// Parses a compact endpoint of 6 or 18 bytes; fails for another length or an address that no
  /// peer can have.
  fileprivate init?(compact bytes: ArraySlice<UInt8>) {
    guard bytes.count == 6 || bytes.count == 18,
      let address = IPAddress(networkBytes: bytes.dropLast(2))?.unmapped, address.isPossiblePeer
    else { return nil }
    let port = bytes.suffix(2).reduce(0) { $0 << 8 | UInt16($1) }
    guard port != 0 else { return nil }
    self.init(address: address, port: port)
  }
}
