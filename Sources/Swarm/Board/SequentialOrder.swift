import Primitives

/// The missing pieces in the torrent's own order, for a run that wants the first ones first.
///
/// The pieces before the first missing one are not walked again, so for a peer that has everything
/// the next piece is found in O(1) amortised; for others 64 pieces cost one step.
struct SequentialOrder: Sendable {
  private var missing: Bitfield
  /// No piece before this one is missing.
  private var start = 0

  init(missing: Bitfield) {
    self.missing = missing
  }

  func contains(_ piece: PieceIndex) -> Bool { missing.contains(piece) }

  /// Returns the first missing piece that is among `pieces`.
  mutating func first(of pieces: Bitfield) -> PieceIndex? {
    while start < missing.count, !missing.contains(PieceIndex(start)) { start += 1 }
    return missing.firstCommon(with: pieces, from: start)
  }

  /// Records that the piece is missing again.
  mutating func insert(_ piece: PieceIndex) {
    missing.insert(piece)
    start = min(start, piece.value)
  }

  /// Records that the piece is no longer missing.
  mutating func remove(_ piece: PieceIndex) {
    missing.remove(piece)
  }
}
