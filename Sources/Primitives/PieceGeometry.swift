/// The number of one piece of a torrent, from 0.
///
/// Only `PieceGeometry` makes one of untrusted input.
public struct PieceIndex: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The number itself.
  public let value: Int

  /// Wraps a number that is known to be a piece of the torrent at hand.
  @inlinable
  public init(_ value: Int) {
    self.value = value
  }

  /// Whether `left` has the lower number.
  @inlinable
  public static func < (left: PieceIndex, right: PieceIndex) -> Bool { left.value < right.value }

  /// The number in decimal.
  public var description: String { String(value) }
}

/// A run of bytes inside one piece, as `request`, `piece` and `cancel` name it (BEP 3).
public struct Block: Hashable, Sendable, CustomStringConvertible {
  /// The length in which we ask for data, in bytes: 16 KiB, as all clients do.
  public static let standardLength = 16384

  /// The piece that holds the block.
  public let piece: PieceIndex
  /// The first byte, counted from the start of the piece.
  public let offset: Int
  /// The length in bytes, at least 1.
  public let length: Int

  /// Creates a block that is known to lie inside its piece.
  @inlinable
  public init(piece: PieceIndex, offset: Int, length: Int) {
    self.piece = piece
    self.offset = offset
    self.length = length
  }

  /// Which of its piece's standard blocks this is, from 0.
  @inlinable
  public var number: Int { offset / Block.standardLength }

  /// The block as `piece:offset+length`.
  public var description: String { "\(piece):\(offset)+\(length)" }
}

/// How a torrent's bytes are cut into pieces and blocks, and the only judge of untrusted indices.
public struct PieceGeometry: Hashable, Sendable {
  /// The bytes of the whole torrent, at least 1.
  public let totalLength: Int64
  /// The bytes of every piece but the last.
  public let pieceLength: Int
  /// The number of pieces, at least 1.
  public let pieceCount: Int

  /// The largest piece length accepted: 512 MiB, so that offsets fit the wire's 32 bits.
  public static let maximumPieceLength = 512 << 20

  /// Creates a geometry; nil unless both lengths are positive, the piece length is at most
  /// `maximumPieceLength`, and the number of pieces fits the wire's 32 bits.
  public init?(totalLength: Int64, pieceLength: Int) {
    guard totalLength > 0, pieceLength > 0, pieceLength <= Self.maximumPieceLength else {
      return nil
    }
    let whole = totalLength / Int64(pieceLength)
    let count = totalLength % Int64(pieceLength) == 0 ? whole : whole + 1
    guard count <= Int64(Int32.max) else { return nil }
    self.totalLength = totalLength
    self.pieceLength = pieceLength
    self.pieceCount = Int(count)
  }

  /// The piece of that number; nil when the torrent has none.
  @inlinable
  public func piece(_ number: UInt32) -> PieceIndex? {
    number < UInt32(pieceCount) ? PieceIndex(Int(number)) : nil
  }

  /// All pieces, in order.
  public var pieces: some RandomAccessCollection<PieceIndex> {
    (0..<pieceCount).lazy.map(PieceIndex.init)
  }

  /// The bytes of one piece: `pieceLength`, or less for the last.
  @inlinable
  public func length(of piece: PieceIndex) -> Int {
    piece.value == pieceCount - 1
      ? Int(totalLength - Int64(pieceCount - 1) * Int64(pieceLength)) : pieceLength
  }

  /// Where a piece begins, counted from the start of the torrent, in bytes.
  @inlinable
  public func offset(of piece: PieceIndex) -> Int64 {
    Int64(piece.value) * Int64(pieceLength)
  }

  /// The bytes of a usual block: the standard length, or a whole piece where that is less.
  @inlinable
  public var blockLength: Int { min(Block.standardLength, pieceLength) }

  /// The number of standard blocks in one piece.
  @inlinable
  public func blockCount(of piece: PieceIndex) -> Int {
    (length(of: piece) + Block.standardLength - 1) / Block.standardLength
  }

  /// One standard block of a piece; `number` must be below `blockCount(of:)`.
  @inlinable
  public func block(_ number: Int, of piece: PieceIndex) -> Block {
    let offset = number * Block.standardLength
    return Block(
      piece: piece, offset: offset,
      length: min(Block.standardLength, length(of: piece) - offset))
  }

  /// A block as a peer names it; nil unless it is not empty and lies inside its piece.
  @inlinable
  public func block(piece: UInt32, offset: UInt32, length: UInt32) -> Block? {
    guard let index = self.piece(piece), length > 0,
      Int(offset) + Int(length) <= self.length(of: index)
    else { return nil }
    return Block(piece: index, offset: Int(offset), length: Int(length))
  }
}
