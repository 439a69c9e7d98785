internal import Bencode
import Primitives

/// The state that a node keeps for its next run: its ids and nodes to start from.
package struct DHTState: Equatable, Sendable {
  /// The maximum number of nodes kept in each family.
  package static let nodeLimit = 200
  /// The maximum length of an encoded state in bytes.
  package static let maximumLength = 65_536

  /// Our node id in the IPv4 network.
  package var ownID: NodeID?
  /// Our node id in the IPv6 network.
  package var ownID6: NodeID?
  /// Nodes with IPv4 addresses.
  package var nodes: [NodeContact] = []
  /// Nodes with IPv6 addresses.
  package var nodes6: [NodeContact] = []

  /// Creates an empty state.
  package init() {}

  /// Parses a state encoded by `encodedBytes`.
  ///
  /// - Parameter bytes: The contents of a state file.
  /// - Throws: The reason why they are not a valid state.
  package init(parsing bytes: [UInt8]) throws(DHTStateError) {
    guard bytes.count <= Self.maximumLength else { throw .tooLong(bytes.count) }
    let document: BencodeDocument
    do throws(BencodeError) {
      document = try BencodeParser.parse(bytes, limits: BencodeLimits(depth: 4, tokens: 100))
    } catch {
      throw .malformed("\(error)")
    }
    guard let root = document.root.dictionary else { throw .malformed("not a dictionary") }
    ownID = root["id"]?.bytes.flatMap { NodeID($0) }
    ownID6 = root["id6"]?.bytes.flatMap { NodeID($0) }
    nodes = NodeContact.readCompactList(
      root["nodes"]?.bytes ?? [], isIPv6: false, limit: Self.nodeLimit)
    nodes6 = NodeContact.readCompactList(
      root["nodes6"]?.bytes ?? [], isIPv6: true, limit: Self.nodeLimit)
  }

  /// The state as a bencoded dictionary.
  package var encodedBytes: [UInt8] {
    var root: [BencodeBytes: BencodeTree] = [
      "nodes": .bytes(nodes.flatMap(\.compactBytes)),
      "nodes6": .bytes(nodes6.flatMap(\.compactBytes)),
    ]
    if let ownID { root["id"] = .bytes(ownID.bytes) }
    if let ownID6 { root["id6"] = .bytes(ownID6.bytes) }
    return BencodeTree.dictionary(root).encodedBytes
  }
}

/// The reason why bytes are not a DHT state.
package enum DHTStateError: Error, Equatable, CustomStringConvertible {
  /// The state exceeds the maximum length.
  case tooLong(Int)
  /// The state is not the expected bencoded dictionary.
  case malformed(String)

  /// A one-clause description of the failure.
  package var description: String {
    switch self {
    case .tooLong(let count):
      "DHT state of \(count) bytes is longer than \(DHTState.maximumLength)"
    case .malformed(let reason): "DHT state is malformed: \(reason)"
    }
  }
}
