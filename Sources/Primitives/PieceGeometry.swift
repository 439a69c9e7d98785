/// The index of a piece in a torrent, starting at 0.
///
/// Untrusted input only becomes an index through `PieceGeometry`.
public struct PieceIndex: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The number of the piece.
  public let value: Int

  /// Wraps a number that is known to be valid in the torrent at hand.
  @inlinable
  public init(_ value: Int) {
    self.value = value
  }

  /// Returns whether `left` has the lower number.
  @inlinable
  public static func < (left: PieceIndex, right: PieceIndex) -> Bool { left.value < right.value }

  /// The number in decimal.
  public var description: String { String(value) }
}

/// A range of bytes within a piece, as named by `request`, `piece` and `cancel` (BEP 3).
public struct Block: Hashable, Sendable, CustomStringConvertible {
  /// The length of the blocks that we request, in bytes: 16 KiB, as in all clients.
  public static let standardLength = 16384

  /// The piece that holds the block.
  public let piece: PieceIndex
  /// The offset of the first byte within the piece.
  public let offset: Int
  /// The length in bytes, at least 1.
  public let length: Int

  /// Creates a block that is known to lie within its piece.
  @inlinable
  public init(piece: PieceIndex, offset: Int, length: Int) {
    self.piece = piece
    self.offset = offset
    self.length = length
  }

  /// The index of this standard block within its piece, starting at 0.
  @inlinable
  public var number: Int { offset / Block.standardLength }

  /// The block in the form `piece:offset+length`.
  public var description: String { "\(piece):\(offset)+\(length)" }
}

/// The division of a torrent into pieces and blocks, and the validator of untrusted indices.
public struct PieceGeometry: Hashable, Sendable {
  /// The length of the whole torrent in bytes, at least 1.
  public let totalLength: Int64
  /// The length in bytes of every piece but the last.
  public let pieceLength: Int
  /// The number of pieces, at least 1.
  public let pieceCount: Int

  /// The largest acceptable piece length: 512 MiB, so that offsets fit the wire's 32 bits.
  public static let maximumPieceLength = 512 << 20

  /// Creates a geometry from the torrent's lengths.
  ///
  /// Fails unless both are positive, the piece length is at most `maximumPieceLength`, and the
  /// number of pieces fits the wire's 32 bits.
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

  /// A stand-in for the geometry of a torrent whose pieces are not known yet: one piece of one
  /// byte.
  package static let unknown = PieceGeometry()

  private init() {
    (totalLength, pieceLength, pieceCount) = (1, 1, 1)
  }

  /// Returns the piece with a number, or nil if it is out of range.
  @inlinable
  public func piece(_ number: UInt32) -> PieceIndex? {
    number < UInt32(pieceCount) ? PieceIndex(Int(number)) : nil
  }

  /// All pieces, in order.
  public var pieces: some RandomAccessCollection<PieceIndex> {
    (0..<pieceCount).lazy.map(PieceIndex.init)
  }

  /// Returns the length of a piece in bytes, which may be shorter for the last one.
  @inlinable
  public func length(of piece: PieceIndex) -> Int {
    piece.value == pieceCount - 1
      ? Int(totalLength - Int64(pieceCount - 1) * Int64(pieceLength)) : pieceLength
  }

  /// Returns the offset of a piece within the torrent, in bytes.
  @inlinable
  public func offset(of piece: PieceIndex) -> Int64 {
    Int64(piece.value) * Int64(pieceLength)
  }

  /// The length of a usual block in bytes: the standard length, or the piece length if that is
  /// less.
  @inlinable
  public var blockLength: Int { min(Block.standardLength, pieceLength) }

  /// Returns the number of standard blocks in a piece.
  @inlinable
  public func blockCount(of piece: PieceIndex) -> Int {
    (length(of: piece) + Block.standardLength - 1) / Block.standardLength
  }

  /// Returns a standard block of a piece; `number` must be below `blockCount(of:)`.
  @inlinable
  public func block(_ number: Int, of piece: PieceIndex) -> Block {
    let offset = number * Block.standardLength
    return Block(
      piece: piece, offset: offset,
      length: min(Block.standardLength, length(of: piece) - offset))
  }

  /// Validates a block named by a peer; returns nil if it is empty or exceeds its piece.
  @inlinable
  public func block(piece: UInt32, offset: UInt32, length: UInt32) -> Block? {
    guard let index = self.piece(piece), length > 0,
      Int(offset) + Int(length) <= self.length(of: index)
    else { return nil }
    return Block(piece: index, offset: Int(offset), length: Int(length))
  }
}
