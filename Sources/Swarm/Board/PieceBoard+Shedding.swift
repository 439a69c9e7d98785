package import Primitives

// Pieces that were begun with peers that are gone.

extension PieceBoard {
  /// Gives up one begun piece that nobody works on and nobody who is here could finish; returns it,
  /// so that its memory can serve another.
  ///
  /// Its blocks are lost. Without this, peers that leave in the middle of pieces that only they
  /// have would take the memory with them, until none is left for pieces that others could bring.
  package mutating func shedAbandoned() -> PieceIndex? {
    let abandoned = actives.indices.first { slot in
      !actives[slot].isComplete && actives[slot].owedCount == 0
        && actives[slot].claimants.isEmpty && availability(of: actives[slot].index) == 0
        && !actives[slot].isBeingRead
    }
    guard let slot = abandoned else { return nil }
    let piece = actives[slot].index
    openedPieces -= 1
    forgetOpener(ofSlot: slot)
    removeActive(slot)
    order.insert(piece)
    return piece
  }
}
