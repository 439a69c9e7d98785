package import Primitives

/// A point in the DHT's 160-bit space: a node's id or the info-hash of a torrent (BEP 5).
///
/// The distance between two points is their bitwise XOR, compared as an unsigned number.
package struct NodeID: Hashable, Comparable, Sendable {
  /// The length in bytes.
  package static let length = 20
  /// The length in bits.
  package static let bitCount = 160
  /// The largest possible distance.
  static let farthest = NodeID(high: .max, middle: .max, low: .max)

  let high: UInt64
  let middle: UInt64
  let low: UInt32

  init(high: UInt64, middle: UInt64, low: UInt32) {
    self.high = high
    self.middle = middle
    self.low = low
  }

  /// Creates an id from 20 bytes; fails for any other length.
  package init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == Self.length else { return nil }
    let words = bytes.withContiguousStorageIfAvailable {
      unsafe Self.words(of: UnsafeRawBufferPointer($0))
    }
    let (high, middle, low) =
      unsafe words ?? Array(bytes).withUnsafeBytes { unsafe Self.words(of: $0) }
    self.init(high: high, middle: middle, low: low)
  }

  /// Splits 20 bytes into words.
  private static func words(of bytes: UnsafeRawBufferPointer) -> (UInt64, UInt64, UInt32) {
    unsafe (
      UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
      UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
      UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt32.self))
    )
  }

  /// Creates the id of a torrent; a version 2 hash is truncated to 20 bytes.
  package init(_ infoHash: InfoHash) {
    self = NodeID(infoHash.wireBytes) ?? .farthest
  }

  /// Returns a random id.
  package static func random(using random: inout SeededRandom) -> NodeID {
    NodeID(
      high: random.next(), middle: random.next(), low: UInt32(truncatingIfNeeded: random.next()))
  }

  /// The 20 bytes, most significant first.
  package var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.length)
    bytes.appendBigEndian(high)
    bytes.appendBigEndian(middle)
    bytes.appendBigEndian(low)
    return bytes
  }

  /// Returns the XOR distance to another id.
  package func distance(to other: NodeID) -> NodeID {
    NodeID(high: high ^ other.high, middle: middle ^ other.middle, low: low ^ other.low)
  }

  /// Returns the number of leading bits that both ids share, at most 160.
  func commonPrefixLength(with other: NodeID) -> Int {
    let distance = distance(to: other)
    if distance.high != 0 { return distance.high.leadingZeroBitCount }
    if distance.middle != 0 { return 64 + distance.middle.leadingZeroBitCount }
    return 128 + distance.low.leadingZeroBitCount
  }

  /// Returns a random id that shares exactly `count` (0..<160) leading bits with this one.
  func neighbour(sharing count: Int, using random: inout SeededRandom) -> NodeID {
    let noise = NodeID.random(using: &random)
    // The bits from `count` on are random, except that the first of them is the inverse of ours.
    let mask = NodeID.lowBits(after: count)
    let flip = NodeID.bit(count)
    return NodeID(
      high: (high & ~mask.high | noise.high & mask.high) & ~flip.high | ~high & flip.high,
      middle: (middle & ~mask.middle | noise.middle & mask.middle) & ~flip.middle
        | ~middle & flip.middle,
      low: (low & ~mask.low | noise.low & mask.low) & ~flip.low | ~low & flip.low)
  }

  private static func lowBits(after count: Int) -> NodeID {
    NodeID(
      high: count < 64 ? .max >> UInt64(count) : 0,
      middle: count < 64 ? .max : count < 128 ? .max >> UInt64(count - 64) : 0,
      low: count < 128 ? .max : .max >> UInt32(count - 128))
  }

  private static func bit(_ index: Int) -> NodeID {
    NodeID(
      high: index < 64 ? 1 << UInt64(63 - index) : 0,
      middle: (64..<128).contains(index) ? 1 << UInt64(127 - index) : 0,
      low: index >= 128 ? 1 << UInt32(159 - index) : 0)
  }

  /// Returns whether `left` is the smaller number.
  package static func < (left: NodeID, right: NodeID) -> Bool {
    if left.high != right.high { return left.high < right.high }
    if left.middle != right.middle { return left.middle < right.middle }
    return left.low < right.low
  }
}

extension NodeID: CustomStringConvertible {
  /// The bytes in lower-case hexadecimal.
  package var description: String { Hex.encode(bytes) }
}
