internal import Bencode
import Primitives

/// What a node may keep for its next run: its ids, and nodes to begin at.
package struct DHTState: Equatable, Sendable {
  /// The most nodes kept of each family.
  package static let nodeLimit = 200
  /// The longest state that is read, in bytes.
  package static let maximumLength = 65_536

  /// Our id in the network of IPv4.
  package var ownID: NodeID?
  /// Our id in the network of IPv6.
  package var ownID6: NodeID?
  /// Nodes at IPv4 addresses.
  package var nodes: [NodeContact] = []
  /// Nodes at IPv6 addresses.
  package var nodes6: [NodeContact] = []

  /// Knows nothing.
  package init() {}

  /// Reads what `encodedBytes` has written.
  ///
  /// - Parameter bytes: The whole content of a state file.
  /// - Throws: Why it is none.
  package init(parsing bytes: [UInt8]) throws(DHTStateError) {
    guard bytes.count <= Self.maximumLength else { throw .tooLong(bytes.count) }
    let document: BencodeDocument
    do throws(BencodeError) {
      document = try BencodeParser.parse(bytes, limits: BencodeLimits(depth: 4, tokens: 100))
    } catch {
      throw .malformed("\(error)")
    }
    guard let root = document.root.dictionary else { throw .malformed("no dictionary") }
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

/// Why bytes are no state of a DHT node.
package enum DHTStateError: Error, Equatable, CustomStringConvertible {
  /// They are more than any state has.
  case tooLong(Int)
  /// They are not the bencoded dictionary that they should be.
  case malformed(String)

  /// One clause that says what is wrong.
  package var description: String {
    switch self {
    case .tooLong(let count):
      "DHT state of \(count) bytes is longer than \(DHTState.maximumLength)"
    case .malformed(let reason): "DHT state is malformed: \(reason)"
    }
  }
}
