package import Primitives

/// A piece that one peer works on, and in which way.
package struct Claim: Equatable, Sendable {
  /// The way in which the work is shared.
  package enum Kind: Equatable, Sendable {
    /// The piece was missing: it needs a buffer, and all its blocks are free.
    case fresh
    /// Others have begun the piece: its free blocks are taken from the back.
    case shared
    /// Every block is asked for: those that others owe are asked for a second time.
    case endgame
  }

  /// The piece.
  package let piece: PieceIndex
  /// The way in which the work is shared.
  package let kind: Kind
}

/// A block to ask a peer for.
package struct BlockRequest: Equatable, Sendable {
  /// The block.
  package let block: Block
  /// A Boolean value indicating whether another peer was asked for it before and may still bring
  /// it.
  package let isDuplicate: Bool
}

/// The consequences of the arrival of a block.
package struct BlockReceipt: Equatable, Sendable {
  /// A Boolean value indicating whether it is the first copy of a wanted block.
  package let isUseful: Bool
  /// A Boolean value indicating whether every block of the piece has now arrived.
  package let completesPiece: Bool
  /// The other peers that were asked for the block and no longer owe it.
  ///
  /// There is at most one, unless the block came late: then two others may owe it.
  package let othersToCancel: PeerPair

  static let useless = BlockReceipt(
    isUseful: false, completesPiece: false, othersToCancel: PeerPair())
}

/// A sequence of at most two peers, without an allocation.
package struct PeerPair: Equatable, Sendable, Sequence, IteratorProtocol {
  private var first: PeerNumber?
  private var second: PeerNumber?

  /// Creates a pair of the peers that are not nil, without `left`.
  package init(
    _ one: PeerNumber? = nil, _ other: PeerNumber? = nil, without left: PeerNumber? = nil
  ) {
    let rest = other == left ? nil : other
    first = one == nil || one == left ? rest : one
    second = first == rest ? nil : rest
  }

  /// Removes and returns the next peer.
  package mutating func next() -> PeerNumber? {
    defer {
      first = second
      second = nil
    }
    return first
  }
}
