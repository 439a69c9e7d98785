internal import Bencode
import Primitives

extension KRPCMessage {
  /// Our client version: two letters for the client and two bytes for its version.
  private static let version: BencodeTree = .bytes([0x53, 0x57, 0, 1])

  /// The datagram in canonical form.
  package var encodedBytes: [UInt8] {
    var root: [BencodeBytes: BencodeTree] = ["t": .bytes(transaction), "v": Self.version]
    if isReadOnly { root["ro"] = 1 }
    if let observed { root["ip"] = .bytes(observed.compactBytes) }
    switch body {
    case .query(let query):
      root["y"] = "q"
      root["q"] = .string(BencodeBytes(query.name))
      root["a"] = query.tree
    case .reply(let reply):
      root["y"] = "r"
      root["r"] = reply.tree
    case .failure(let failure):
      root["y"] = "e"
      root["e"] = [.integer(Int64(failure.code)), .string(BencodeBytes(failure.reason))]
    }
    return BencodeTree.dictionary(root).encodedBytes
  }
}

extension KRPCQuery {
  fileprivate var name: String {
    switch method {
    case .ping: "ping"
    case .findNode: "find_node"
    case .getPeers: "get_peers"
    case .announcePeer: "announce_peer"
    }
  }

  fileprivate var tree: BencodeTree {
    var arguments: [BencodeBytes: BencodeTree] = ["id": .bytes(sender.bytes)]
    if let wants {
      arguments["want"] = .list(
        (wants.contains(.v4) ? ["n4"] : []) + (wants.contains(.v6) ? ["n6"] : []))
    }
    switch method {
    case .ping: break
    case .findNode(let target): arguments["target"] = .bytes(target.bytes)
    case .getPeers(let infoHash, let options):
      arguments["info_hash"] = .bytes(infoHash.bytes)
      if options.withoutSeeds { arguments["noseed"] = 1 }
      if options.isScrape { arguments["scrape"] = 1 }
    case .announcePeer(let infoHash, let announcement, let token):
      arguments["info_hash"] = .bytes(infoHash.bytes)
      arguments["token"] = .bytes(token)
      arguments["port"] = .integer(Int64(announcement.port ?? 0))
      if announcement.port == nil { arguments["implied_port"] = 1 }
      if announcement.isSeed { arguments["seed"] = 1 }
    }
    return .dictionary(arguments)
  }
}

extension KRPCReply {
  fileprivate var tree: BencodeTree {
    var values: [BencodeBytes: BencodeTree] = ["id": .bytes(sender.bytes)]
    if !nodes.isEmpty { values["nodes"] = .bytes(nodes.flatMap(\.compactBytes)) }
    if !nodes6.isEmpty { values["nodes6"] = .bytes(nodes6.flatMap(\.compactBytes)) }
    if !peers.isEmpty { values["values"] = .list(peers.map { .bytes($0.compactBytes) }) }
    if let token { values["token"] = .bytes(token) }
    if let seedFilter { values["BFsd"] = .bytes(seedFilter.bytes) }
    if let peerFilter { values["BFpe"] = .bytes(peerFilter.bytes) }
    return .dictionary(values)
  }
}
