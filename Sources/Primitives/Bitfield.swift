/// A set of pieces with one bit per piece, convertible to and from the wire format.
///
/// In the wire format, the high bit of the first byte is piece 0 and spare bits at the end are zero
/// (BEP 3).
public struct Bitfield: Hashable, Sendable {
  /// The number of pieces in the torrent.
  public let count: Int
  /// The number of pieces in the set.
  public private(set) var population: Int
  /// The bits: piece `i` is bit `i % 64`, counted from the lowest, of word `i / 64`; spare bits are
  /// zero.
  @usableFromInline
  var words: [UInt64]

  /// Creates an empty or full set over `count` pieces.
  public init(count: Int, filled: Bool = false) {
    self.count = count
    words = Array(repeating: filled ? .max : 0, count: (count + 63) / 64)
    population = filled ? count : 0
    if filled, count % 64 != 0 { words[words.count - 1] = (1 << UInt64(count % 64)) - 1 }
  }

  /// Creates a set from its wire format.
  ///
  /// Fails unless the length matches `count` pieces exactly and all spare bits are zero.
  public init?(wireBytes: some Collection<UInt8>, count: Int) {
    guard wireBytes.count == (count + 7) / 8 else { return nil }
    self.init(count: count)
    var index = 0
    // The array helps because this function is not specialized for other modules' collections.
    for byte in Array(wireBytes) {
      words[index / 8] |= UInt64(byte.bitReversed) << UInt64(index % 8 * 8)
      index += 1
    }
    if count % 64 != 0, let last = words.last, last >> UInt64(count % 64) != 0 { return nil }
    population = words.reduce(0) { $0 + $1.nonzeroBitCount }
  }

  /// The wire format: `(count + 7) / 8` bytes.
  public var wireBytes: [UInt8] {
    (0..<(count + 7) / 8).map { index in
      UInt8(truncatingIfNeeded: words[index / 8] >> UInt64(index % 8 * 8)).bitReversed
    }
  }

  /// A Boolean value indicating whether the set contains every piece.
  @inlinable
  public var isFull: Bool { population == count }

  /// A Boolean value indicating whether the set is empty.
  @inlinable
  public var isEmpty: Bool { population == 0 }

  /// Returns whether the set contains a piece.
  @inlinable
  public func contains(_ piece: PieceIndex) -> Bool {
    words[piece.value >> 6] >> UInt64(piece.value & 63) & 1 != 0
  }

  /// Adds a piece; returns whether it was new.
  @discardableResult
  public mutating func insert(_ piece: PieceIndex) -> Bool {
    let bit: UInt64 = 1 << UInt64(piece.value & 63)
    guard words[piece.value >> 6] & bit == 0 else { return false }
    words[piece.value >> 6] |= bit
    population += 1
    return true
  }

  /// Removes a piece; returns whether it was there.
  @discardableResult
  public mutating func remove(_ piece: PieceIndex) -> Bool {
    let bit: UInt64 = 1 << UInt64(piece.value & 63)
    guard words[piece.value >> 6] & bit != 0 else { return false }
    words[piece.value >> 6] &= ~bit
    population -= 1
    return true
  }

  /// Returns whether `other` contains a piece that this set lacks.
  ///
  /// Both sets must belong to the same torrent.
  public func lacksAny(of other: Bitfield) -> Bool {
    for (mine, theirs) in zip(words, other.words) where theirs & ~mine != 0 { return true }
    return false
  }

  /// Returns the first piece at or after `start` that is in both sets, or nil if there is none.
  ///
  /// Both sets must belong to the same torrent. Each step examines 64 pieces.
  public func firstCommon(with other: Bitfield, from start: Int) -> PieceIndex? {
    guard start >= 0, start < count, other.count == count else { return nil }
    var mask: UInt64 = .max << UInt64(start & 63)
    for number in (start >> 6)..<words.count {
      let common = words[number] & other.words[number] & mask
      if common != 0 { return PieceIndex(number << 6 + common.trailingZeroBitCount) }
      mask = .max
    }
    return nil
  }

  /// Returns the number of pieces in the set within a range, which must lie within `0..<count`.
  public func population(in range: Range<Int>) -> Int {
    guard let last = range.last else { return 0 }
    var sum = 0
    for number in (range.lowerBound >> 6)...(last >> 6) {
      var word = words[number]
      if number == range.lowerBound >> 6 { word &= .max << UInt64(range.lowerBound & 63) }
      if number == last >> 6 { word &= .max >> UInt64(63 - last & 63) }
      sum += word.nonzeroBitCount
    }
    return sum
  }

  /// Calls `body` for each piece in the set, in ascending order.
  @inlinable
  public func forEach(_ body: (PieceIndex) -> Void) {
    for (number, word) in words.enumerated() {
      var rest = word
      while rest != 0 {
        body(PieceIndex(number << 6 + rest.trailingZeroBitCount))
        rest &= rest &- 1
      }
    }
  }
}

extension UInt8 {
  /// The byte with its bits reversed.
  fileprivate var bitReversed: UInt8 {
    var value = self
    value = value >> 4 | value << 4
    value = (value & 0xCC) >> 2 | (value & 0x33) << 2
    return (value & 0xAA) >> 1 | (value & 0x55) << 1
  }
}
