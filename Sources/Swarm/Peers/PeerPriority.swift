package import Primitives

/// The order in which two peers prefer each other's connection, the same at both (BEP 40).
///
/// When slots are scarce and everybody keeps the connections of the highest priority, newcomers get
/// in as easily as those who were there first, and nobody can take all slots by being quick. The
/// low bits of addresses don't count as far as one site could choose them at will.
package enum PeerPriority {
  /// Returns the priority of a connection, the highest number first.
  ///
  /// `own` is our address as the peer sees it; the ports count only between equal addresses.
  /// Addresses of different families have no priority, which is 0.
  package static func of(_ peer: Endpoint, seenFrom own: Endpoint) -> UInt32 {
    let (left, right) = (own.address.unmapped.networkBytes, peer.address.unmapped.networkBytes)
    guard left.count == right.count else { return 0 }
    guard let difference = zip(left, right).enumerated().first(where: { $1.0 != $1.1 })?.offset
    else {
      var ports: [UInt8] = []
      ports.appendBigEndian(min(own.port, peer.port))
      ports.appendBigEndian(max(own.port, peer.port))
      return CRC32C.checksum(of: ports)
    }
    // Up to the byte in which they differ all bits count, but at least the site's prefix: two
    // bytes of an IPv4 address, six of an IPv6 one.
    let prefix = max(left.count == 4 ? 2 : 6, difference + 1)
    let masked = [left, right].map { bytes in
      bytes.enumerated().map { $0.offset < prefix ? $0.element : $0.element & 0x55 }
    }
    let isSorted = masked[0].lexicographicallyPrecedes(masked[1])
    return CRC32C.checksum(of: isSorted ? masked[0] + masked[1] : masked[1] + masked[0])
  }
}
