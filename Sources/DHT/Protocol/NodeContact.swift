package import Primitives

/// A DHT node: its id and its endpoint.
package struct NodeContact: Hashable, Sendable {
  /// The node id.
  package let id: NodeID
  /// The network endpoint.
  package let endpoint: Endpoint

  /// Creates a contact.
  package init(id: NodeID, endpoint: Endpoint) {
    self.id = id
    self.endpoint = endpoint
  }

  /// A Boolean value indicating whether the id is valid for the address (BEP 42).
  var isTrusted: Bool { id.isValid(for: endpoint.address) }

  /// The compact form: id, address and port.
  var compactBytes: [UInt8] { id.bytes + endpoint.compactBytes }

  /// Parses the first `limit` contacts of a compact list, skipping impossible endpoints and a
  /// truncated entry at the end.
  static func readCompactList(
    _ bytes: ArraySlice<UInt8>, isIPv6: Bool, limit: Int
  ) -> [NodeContact] {
    var reader = ByteReader(bytes)
    var contacts: [NodeContact] = []
    var count = 0
    while count < limit, let id = reader.read(NodeID.length).flatMap({ NodeID($0) }),
      let address = reader.read(isIPv6 ? 16 : 4).flatMap({ IPAddress(networkBytes: $0) }),
      let port = reader.read(UInt16.self)
    {
      count += 1
      let endpoint = Endpoint(address: address, port: port)
      if endpoint.isPossibleNode(isIPv6: isIPv6) {
        contacts.append(NodeContact(id: id, endpoint: endpoint))
      }
    }
    return contacts
  }
}

extension Endpoint {
  /// Returns whether a node of the family can have this endpoint; IPv4-mapped addresses count as
  /// IPv4.
  func isPossibleNode(isIPv6: Bool) -> Bool {
    port != 0 && address.isPossiblePeer && address.unmapped.isIPv6 == isIPv6
  }
}

extension IPAddress {
  /// The network that counts as one owner: a /24 of IPv4 or a /64 of IPv6.
  ///
  /// It is nil for loopback and private addresses, where Sybil attacks are not expected.
  var ownerNetwork: IPAddress? {
    guard !isLoopback, !isPrivate else { return nil }
    switch unmapped {
    case .v4(let value): return .v4(value & 0xFFFF_FF00)
    case .v6(let high, _): return .v6(high: high, low: 0)
    }
  }
}
