package import Primitives

/// Every piece and every block: what is there, what is asked of whom, what comes next.
///
/// A wanted piece is in exactly one of these states; `checkInvariants()` holds it to that:
///
/// | state    | blocks                           | left by                              |
/// |----------|----------------------------------|--------------------------------------|
/// | missing  | none asked for                   | a fresh claim → active               |
/// | active   | free, owed once or twice, or here | the last block → complete            |
/// | complete | all here, being hashed           | a good hash → verified, else missing |
/// | verified | –                                | –                                    |
///
/// It is not copied, because that would touch the count of each of its arrays at every question.
/// Pieces that are not wanted are in none of them. A peer that has every piece is counted apart, so
/// that its coming and going costs nothing per piece.
package struct PieceBoard: ~Copyable, Sendable {
  /// What is known of one peer.
  struct Peer: Sendable {
    var pieces: Bitfield
    /// Blocks that it owes.
    var owed = 0
    /// Those of them that somebody else owes as well, asked for second.
    var duplicates = 0
    /// Those that it was asked for first and somebody else as well.
    var lent = 0
    /// Begun pieces that it opened and that are not all here.
    var opened = 0
    /// Since when it owes something and has brought nothing.
    var silentSince: Instant?
    /// Bytes per second; 0 while unknown.
    var rate = 0.0
    var isSnubbed = false
    var isSuspect = false
    /// A Boolean value indicating whether it chokes us after it served us; its claims wait for it.
    var isAway = false
    /// Whether a piece that it took part in was good.
    var isProven = false
    /// Wanted pieces that it has and we have not verified; not kept for seeds.
    var interesting = 0

    var isSeed: Bool { pieces.isFull }
    /// Whether it lately brought something, and is expected to go on.
    var isLive: Bool { rate > 0 && !isSnubbed }

    var pace: Pace {
      Pace(
        owed: owed, duplicates: duplicates, lent: lent, silentSince: silentSince, rate: rate,
        isSnubbed: isSnubbed, isSuspect: isSuspect)
    }
  }

  /// What tells how soon a peer brings what it owes; without its pieces, because walks over all
  /// peers must not count references.
  struct Pace: Sendable {
    let owed: Int
    let duplicates: Int
    let lent: Int
    let silentSince: Instant?
    let rate: Double
    let isSnubbed: Bool
    let isSuspect: Bool

    /// Blocks that only this peer was asked for.
    var exposed: Int { owed - duplicates - lent }
  }

  let geometry: PieceGeometry
  let wanted: Bitfield
  /// The pieces that are verified and written.
  package private(set) var verified: Bitfield
  var rarity: RarityOrder
  /// The same pieces in their own order, in a run that wants that.
  var sequence: SequentialOrder?
  /// Active and complete pieces, in no particular but a repeatable order.
  var actives: [ActivePiece] = []
  /// Where an active or complete piece stands in `actives`; -1 for others.
  var slots: [Int32]
  var peers = PeerRecords()
  var snubbedCount = 0
  var awayCount = 0
  var seedCount = 0
  var liveSeedCount = 0
  var suspectCount = 0
  var unprovenCount = 0
  /// What all peers bring together, in whole bytes per second.
  var totalRate: Int64 = 0
  /// Counts requests.
  var requestSerial: UInt32 = 0
  /// Pieces that failed before: one peer should bring them alone.
  var failedBefore: Set<PieceIndex> = []
  /// How many active pieces have free blocks.
  var openedPieces = 0
  var random: SeededRandom
  private var missingBytes: Int64 = 0
  /// How many wanted pieces are not verified.
  package private(set) var missingPieceCount = 0

  /// Creates the board of a run that has `verified` and wants `wanted`, the rarest piece first or
  /// all in their order.
  package init(
    geometry: PieceGeometry, verified: Bitfield, wanted: Bitfield, isSequential: Bool = false,
    random: SeededRandom
  ) {
    self.geometry = geometry
    self.wanted = wanted
    self.verified = verified
    self.random = random
    var missing = Bitfield(count: geometry.pieceCount)
    var bytes: Int64 = 0
    wanted.forEach { piece in
      guard !verified.contains(piece) else { return }
      missing.insert(piece)
      bytes += Int64(geometry.length(of: piece))
    }
    missingBytes = bytes
    missingPieceCount = missing.population
    rarity = RarityOrder(
      pieceCount: geometry.pieceCount, missing: missing, random: &self.random)
    if isSequential { sequence = SequentialOrder(missing: missing) }
    slots = Array(repeating: -1, count: geometry.pieceCount)
  }

  /// The blocks of every piece but the last.
  var blocksPerPiece: Int {
    (geometry.pieceLength + Block.standardLength - 1) / Block.standardLength
  }

  // MARK: - Facts

  /// Whether every wanted piece is verified.
  package var isComplete: Bool { missingBytes == 0 }

  /// The bytes of wanted pieces that are not verified.
  package var remainingBytes: Int64 { missingBytes }

  /// How many pieces are active or being hashed.
  package var activePieceCount: Int { actives.count }

  /// Whether no wanted piece is missing any more: all are active, being hashed, or verified.
  package var isEndgame: Bool { rarity.count == 0 }

  /// Whether a begun piece has blocks that nobody was asked for.
  package var hasFreeBlocks: Bool { openedPieces > 0 }

  /// How many connected peers have a piece.
  package func availability(of piece: PieceIndex) -> Int {
    Int(rarity.availability[piece.value]) + seedCount
  }

  /// Whether some blocks of the piece are asked for or here, and it is not verified.
  package func isActive(_ piece: PieceIndex) -> Bool { slots[piece.value] >= 0 }

  /// Whether the block is here already, or nobody waits for it.
  package func hasReceived(_ block: Block) -> Bool {
    guard let slot = slot(of: block.piece), let number = number(of: block) else { return true }
    return actives[slot].blocks[number].status == .received
  }

  /// How many bytes of a piece are here without a gap, from its start.
  package func contiguousBytes(of piece: PieceIndex) -> Int {
    guard let slot = slot(of: piece) else { return 0 }
    return min(
      actives[slot].contiguousCount * Block.standardLength, geometry.length(of: piece))
  }

  /// Whether every block of the piece is here, and it is not known whether they are right.
  package func isBeingHashed(_ piece: PieceIndex) -> Bool {
    slot(of: piece).map { actives[$0].isComplete } ?? false
  }

  /// Who brought each block of a complete piece, in order.
  package func senders(of piece: PieceIndex) -> [PeerNumber] {
    guard let slot = slot(of: piece) else { return [] }
    return actives[slot].blocks.compactMap(\.holder)
  }

  func slot(of piece: PieceIndex) -> Int? {
    let slot = slots[piece.value]
    return slot >= 0 ? Int(slot) : nil
  }

  /// The block's number if it is one of the standard blocks, as all that we ask for are.
  func number(of block: Block) -> Int? {
    let number = block.number
    return number < geometry.blockCount(of: block.piece)
      && geometry.block(number, of: block.piece) == block ? number : nil
  }

  // MARK: - Pieces

  /// A missing piece becomes active.
  mutating func activate(_ piece: PieceIndex, by peer: PeerNumber) {
    rarity.remove(piece)
    sequence?.remove(piece)
    slots[piece.value] = Int32(actives.count)
    var active = ActivePiece(
      index: piece, blockCount: geometry.blockCount(of: piece),
      isSolo: failedBefore.contains(piece))
    active.addClaimant(peer)
    active.opener = peer
    actives.append(active)
    peers.change(peer) { $0.opened += 1 }
    openedPieces += 1
  }

  /// The piece no longer counts for the peer that opened it.
  mutating func forgetOpener(ofSlot slot: Int) {
    guard let opener = actives[slot].opener else { return }
    actives[slot].opener = nil
    peers.change(opener) { $0.opened -= 1 }
  }

  /// The hash was right and the piece is written.
  package mutating func pieceVerified(_ piece: PieceIndex) {
    if unprovenCount > 0 { proveSenders(of: piece) }
    guard deactivate(piece), verified.insert(piece) else { return }
    missingBytes -= Int64(geometry.length(of: piece))
    missingPieceCount -= 1
    failedBefore.remove(piece)
    guard hasLeechers else { return }
    peers.changeEach { peer in
      if !peer.isSeed, peer.pieces.contains(piece) { peer.interesting -= 1 }
    }
  }

  /// The hash was wrong: the piece is missing again.
  package mutating func pieceFailed(_ piece: PieceIndex) {
    guard deactivate(piece) else { return }
    failedBefore.insert(piece)
    miss(piece)
  }

  /// An active piece is missing again.
  mutating func miss(_ piece: PieceIndex) {
    rarity.insert(piece)
    sequence?.insert(piece)
  }

  private mutating func deactivate(_ piece: PieceIndex) -> Bool {
    guard let slot = slot(of: piece), actives[slot].isComplete else { return false }
    slots[piece.value] = -1
    actives.swapAt(slot, actives.count - 1)
    actives.removeLast()
    if slot < actives.count { slots[actives[slot].index.value] = Int32(slot) }
    return true
  }
}
