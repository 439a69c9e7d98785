package import Primitives

/// A node of the DHT: its id and where it is.
package struct NodeContact: Hashable, Sendable {
  /// Where it stands in the space.
  package let id: NodeID
  /// Where it is in the network.
  package let endpoint: Endpoint

  /// Creates a contact.
  package init(id: NodeID, endpoint: Endpoint) {
    self.id = id
    self.endpoint = endpoint
  }

  /// Whether the id is one that the address allows (BEP 42).
  var isTrusted: Bool { id.isValid(for: endpoint.address) }

  /// The length of the compact form: 26 bytes for IPv4 (BEP 5), 38 for IPv6 (BEP 32).
  static func compactLength(isIPv6: Bool) -> Int { isIPv6 ? 38 : 26 }

  /// The id, the address and the port.
  var compactBytes: [UInt8] { id.bytes + endpoint.compactBytes }

  /// Reads the first `limit` contacts of a compact list; those nobody can have are left out, and
  /// so is a cut one at the end.
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
  /// Whether a node of that family can be here; an IPv4 address in the clothes of IPv6 can't.
  func isPossibleNode(isIPv6: Bool) -> Bool {
    port != 0 && address.isPossiblePeer && address.unmapped.isIPv6 == isIPv6
  }
}

extension IPAddress {
  /// The network that counts as one owner: a /24 of IPv4, a /64 of IPv6; nil for addresses of local
  /// networks, where nobody pretends to be many.
  var ownerNetwork: IPAddress? {
    guard !isLoopback, !isPrivate else { return nil }
    switch unmapped {
    case .v4(let value): return .v4(value & 0xFFFF_FF00)
    case .v6(let high, _): return .v6(high: high, low: 0)
    }
  }
}
