import Primitives

/// The missing pieces, in each order in which they may be picked.
struct MissingOrder: Sendable {
  /// The missing pieces by rarity.
  var rarity: RarityOrder
  /// The missing pieces in the torrent's order, in a run that fetches them in that order.
  var sequence: SequentialOrder?
  /// The missing pieces that come before all others, in the torrent's order.
  private(set) var preferred: SequentialOrder?
  /// The pieces that come before all others, missing or not.
  private var preferences: Bitfield?

  init(pieceCount: Int, missing: Bitfield, isSequential: Bool, random: inout SeededRandom) {
    rarity = RarityOrder(pieceCount: pieceCount, missing: missing, random: &random)
    if isSequential { sequence = SequentialOrder(missing: missing) }
  }

  /// Sets the pieces that come before all others.
  mutating func prefer(_ pieces: Bitfield) {
    preferences = pieces
    var missing = Bitfield(count: pieces.count)
    pieces.forEach { if rarity.contains($0) { missing.insert($0) } }
    preferred = SequentialOrder(missing: missing)
  }

  /// Returns the first missing piece of a peer that comes before all others, if there is one.
  mutating func firstPreferred(of pieces: Bitfield) -> PieceIndex? {
    preferred?.first(of: pieces)
  }

  /// Adds a piece that is missing again.
  mutating func insert(_ piece: PieceIndex) {
    rarity.insert(piece)
    sequence?.insert(piece)
    if preferences?.contains(piece) == true { preferred?.insert(piece) }
  }

  /// Removes a piece that is no longer missing.
  mutating func remove(_ piece: PieceIndex) {
    rarity.remove(piece)
    sequence?.remove(piece)
    preferred?.remove(piece)
  }
}
