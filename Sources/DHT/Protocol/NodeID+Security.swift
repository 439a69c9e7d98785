package import Primitives

// A node's id is derived from its address, so that nobody can choose a position in the id space
// (BEP 42).

extension NodeID {
  /// Returns a random id among those valid for a node at this address.
  package static func make(for address: IPAddress, using random: inout SeededRandom) -> NodeID {
    let noise = NodeID.random(using: &random)
    let seed = UInt8(truncatingIfNeeded: noise.low)
    let prefix = UInt64(securityPrefix(of: address, seed: seed) & 0xFFFF_F800) << 32
    return NodeID(
      high: prefix | noise.high & 0x0000_07FF_FFFF_FFFF, middle: noise.middle, low: noise.low)
  }

  /// Returns whether a node at this address may have this id.
  ///
  /// Any id is valid at a local address, because the node's external address is unknown.
  package func isValid(for address: IPAddress) -> Bool {
    if address.isLoopback || address.isPrivate { return true }
    let prefix = Self.securityPrefix(of: address, seed: UInt8(truncatingIfNeeded: low))
    return (UInt32(truncatingIfNeeded: high >> 32) ^ prefix) & 0xFFFF_F800 == 0
  }

  /// Returns the hash whose first 21 bits the id must share; `seed` is the id's last byte.
  private static func securityPrefix(of address: IPAddress, seed: UInt8) -> UInt32 {
    var bytes: [UInt8] = []
    switch address.unmapped {
    case .v4(let value):
      bytes.appendBigEndian(value & 0x030F_3FFF | UInt32(seed & 7) << 29)
    case .v6(let high, _):
      bytes.appendBigEndian(high & 0x0103_070F_1F3F_7FFF | UInt64(seed & 7) << 61)
    }
    return CRC32C.checksum(of: bytes)
  }
}
