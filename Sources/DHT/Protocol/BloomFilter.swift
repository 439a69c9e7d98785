internal import Hashing
package import Primitives

/// A Bloom filter of addresses in 256 bytes, from which others can estimate their number (BEP 33).
package struct BloomFilter: Hashable, Sendable {
  /// The length in bytes.
  package static let length = 256

  /// The bits, lowest first in each byte.
  package private(set) var bytes: [UInt8]

  /// Creates an empty filter.
  package init() {
    bytes = Array(repeating: 0, count: Self.length)
  }

  /// Creates a filter from its 256 bytes; fails for any other length.
  package init?(_ bytes: ArraySlice<UInt8>) {
    guard bytes.count == Self.length else { return nil }
    self.bytes = Array(bytes)
  }

  /// Adds an address.
  package mutating func insert(_ address: IPAddress) {
    let hash = SHA1.digest(of: address.networkBytes).bytes
    for first in [0, 2] {
      let bit = (Int(hash[first]) | Int(hash[first + 1]) << 8) % (Self.length * 8)
      bytes[bit / 8] |= 1 << UInt8(bit % 8)
    }
  }
}
