package import Primitives

/// The state of every piece and every block, and the choice of the next one for a peer.
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
  /// The torrent's pieces.
  package let geometry: PieceGeometry
  /// The pieces that the run fetches.
  package private(set) var wanted: Bitfield
  /// The pieces whose hash was right.
  package private(set) var verified: Bitfield
  /// The missing pieces, in the orders in which they are picked.
  var order: MissingOrder
  /// Active and complete pieces, in no particular but a repeatable order.
  var actives: [ActivePiece] = []
  /// The index of each active or complete piece in `actives`; -1 for others.
  var slots: [Int32]
  var peers = PeerRecords()
  var counts = PeerCounts()
  /// The number of requests so far.
  var requestSerial: UInt32 = 0
  /// The pieces that failed before, which one peer should deliver alone.
  var failedBefore: Set<PieceIndex> = []
  /// The number of active pieces with free blocks.
  var openedPieces = 0
  var random: SeededRandom
  private var missingBytes: Int64 = 0
  /// The number of wanted pieces that are not verified.
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
    order = MissingOrder(
      pieceCount: geometry.pieceCount, missing: missing, isSequential: isSequential,
      random: &self.random)
    slots = Array(repeating: -1, count: geometry.pieceCount)
  }

  /// Creates the board of a torrent whose pieces are not known; nothing of it is wanted.
  init(random: SeededRandom) {
    let unknown = Bitfield(count: PieceGeometry.unknown.pieceCount)
    self.init(geometry: .unknown, verified: unknown, wanted: unknown, random: random)
  }

  /// Begins anew with the pieces of a torrent; connected peers stay, without any piece.
  mutating func begin(
    geometry: PieceGeometry, verified: Bitfield, wanted: Bitfield, isSequential: Bool
  ) {
    let (peers, counts) = (peers, counts)
    self = PieceBoard(
      geometry: geometry, verified: verified, wanted: wanted, isSequential: isSequential,
      random: random.fork())
    self.peers = peers
    self.counts = counts
    self.counts.seeds = 0
    self.counts.liveSeeds = 0
    self.peers.changeEach { $0.pieces = Bitfield(count: geometry.pieceCount) }
  }

  /// The blocks of every piece but the last.
  var blocksPerPiece: Int {
    (geometry.pieceLength + Block.standardLength - 1) / Block.standardLength
  }

  // MARK: - Facts

  /// A Boolean value indicating whether every wanted piece is verified.
  package var isComplete: Bool { missingBytes == 0 }

  /// The bytes of wanted pieces that are not verified.
  package var remainingBytes: Int64 { missingBytes }

  /// The number of pieces that are active or being hashed.
  package var activePieceCount: Int { actives.count }

  /// A Boolean value indicating whether no wanted piece is missing any more: all are active, being
  /// hashed, or verified.
  package var isEndgame: Bool { order.rarity.count == 0 }

  /// A Boolean value indicating whether a begun piece has blocks that nobody was asked for.
  package var hasFreeBlocks: Bool { openedPieces > 0 }

  /// Returns the number of connected peers that have a piece.
  package func availability(of piece: PieceIndex) -> Int {
    Int(order.rarity.availability[piece.value]) + counts.seeds
  }

  /// Returns whether some blocks of the piece are asked for or here, and it is not verified.
  package func isActive(_ piece: PieceIndex) -> Bool { slots[piece.value] >= 0 }

  /// Returns whether the block is here already, or nobody waits for it.
  package func hasReceived(_ block: Block) -> Bool {
    guard let slot = slot(of: block.piece), let number = number(of: block) else { return true }
    return actives[slot].blocks[number].status == .received
  }

  /// Returns the number of bytes of a piece that are here without a gap, from its start.
  package func contiguousBytes(of piece: PieceIndex) -> Int {
    guard let slot = slot(of: piece) else { return 0 }
    return min(
      actives[slot].contiguousCount * Block.standardLength, geometry.length(of: piece))
  }

  /// Returns whether every block of the piece is here, and it is not known whether they are right.
  package func isBeingHashed(_ piece: PieceIndex) -> Bool {
    slot(of: piece).map { actives[$0].isComplete } ?? false
  }

  /// Returns the sender of each block of a complete piece, in order.
  package func senders(of piece: PieceIndex) -> [PeerNumber] {
    guard let slot = slot(of: piece) else { return [] }
    return actives[slot].blocks.compactMap(\.holder)
  }

  /// Records whether a worker reads the buffer of an active piece.
  mutating func setBeingRead(_ piece: PieceIndex, _ isBeingRead: Bool) {
    if let slot = slot(of: piece) { actives[slot].isBeingRead = isBeingRead }
  }

  func slot(of piece: PieceIndex) -> Int? {
    let slot = slots[piece.value]
    return slot >= 0 ? Int(slot) : nil
  }

  /// Returns the block's number if it is one of the standard blocks, as all that we ask for are.
  func number(of block: Block) -> Int? {
    let number = block.number
    return number < geometry.blockCount(of: block.piece)
      && geometry.block(number, of: block.piece) == block ? number : nil
  }

  // MARK: - Pieces

  /// Makes a missing piece active.
  mutating func activate(_ piece: PieceIndex, by peer: PeerNumber) {
    order.remove(piece)
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

  /// Records that the piece no longer counts for the peer that opened it.
  mutating func forgetOpener(ofSlot slot: Int) {
    guard let opener = actives[slot].opener else { return }
    actives[slot].opener = nil
    peers.change(opener) { $0.opened -= 1 }
  }

  /// Records that the hash of a piece was right.
  package mutating func pieceVerified(_ piece: PieceIndex) {
    if counts.unproven > 0 { proveSenders(of: piece) }
    guard deactivate(piece), verified.insert(piece) else { return }
    failedBefore.remove(piece)
    guard wanted.contains(piece) else { return }
    missingBytes -= Int64(geometry.length(of: piece))
    missingPieceCount -= 1
    guard hasLeechers else { return }
    peers.changeEach { peer in
      if !peer.isSeed, peer.pieces.contains(piece) { peer.interesting -= 1 }
    }
  }

  /// Records that the hash of a piece was wrong; if it is wanted, it is missing again.
  package mutating func pieceFailed(_ piece: PieceIndex) {
    guard deactivate(piece) else { return }
    failedBefore.insert(piece)
    if wanted.contains(piece) { order.insert(piece) }
  }

  private mutating func deactivate(_ piece: PieceIndex) -> Bool {
    guard let slot = slot(of: piece), actives[slot].isComplete else { return false }
    removeActive(slot)
    return true
  }

  /// Forgets an active piece of which nobody owes a block.
  mutating func removeActive(_ slot: Int) {
    slots[actives[slot].index.value] = -1
    actives.swapAt(slot, actives.count - 1)
    actives.removeLast()
    if slot < actives.count { slots[actives[slot].index.value] = Int32(slot) }
  }

  /// Replaces the set of wanted pieces, and counts anew what is missing.
  mutating func setWanted(to new: Bitfield) {
    wanted = new
    missingBytes = 0
    missingPieceCount = 0
    wanted.forEach { piece in
      guard !verified.contains(piece) else { return }
      missingBytes += Int64(geometry.length(of: piece))
      missingPieceCount += 1
    }
  }
}
