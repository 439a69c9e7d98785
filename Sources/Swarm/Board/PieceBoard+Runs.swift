package import Primitives

// Pieces side by side, for a source that is asked for a run of bytes and not for blocks.

extension PieceBoard {
  /// Claims this very piece for the peer, if it has it and nobody has brought or owes any of it.
  ///
  /// Unlike `claim`, the caller knows that a piece comes after the one before at no further cost.
  package mutating func claimWhole(_ piece: PieceIndex, for peer: PeerNumber) -> Claim? {
    guard piece.value < geometry.pieceCount, let record = peers[peer], !record.isSnubbed,
      record.pieces.contains(piece), isUntouched(piece)
    else { return nil }
    if let slot = slot(of: piece) {
      actives[slot].addClaimant(peer)
    } else {
      activate(piece, by: peer)
    }
    return Claim(piece: piece, kind: .fresh)
  }

  /// Returns the first piece from `start` on that `claimWhole` would claim; nil when there is none.
  package func firstWhole(for peer: PeerNumber, from start: Int = 0) -> PieceIndex? {
    guard let record = peers[peer] else { return nil }
    return geometry.pieces.dropFirst(start).first {
      record.pieces.contains($0) && isUntouched($0)
    }
  }

  /// Returns the claim as one whose blocks are taken from the front, if all of them are still free
  /// and nobody else can ask for them now.
  package func startOfRun(_ claim: Claim, for peer: PeerNumber) -> Claim {
    guard claim.kind == .shared, let slot = slot(of: claim.piece),
      actives[slot].freeCount == actives[slot].blocks.count,
      actives[slot].claimants.allSatisfy({ $0 == peer || isChoking($0) })
    else { return claim }
    return Claim(piece: claim.piece, kind: .fresh)
  }

  /// Returns whether the piece is missing, or was begun and given back before anything of it came;
  /// a claim of a peer that chokes us does not count.
  private func isUntouched(_ piece: PieceIndex) -> Bool {
    guard let slot = slot(of: piece) else { return order.rarity.contains(piece) }
    return actives[slot].freeCount == actives[slot].blocks.count
      && actives[slot].claimants.allSatisfy { isChoking($0) }
  }

  private func isChoking(_ peer: PeerNumber) -> Bool { peers[peer]?.isChoking ?? true }
}
