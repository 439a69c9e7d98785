package import Primitives

// What comes next for a peer, decided at the moment of its pull.

extension PieceBoard {
  /// How many pieces at the start of a run are taken by chance, so that there is soon something to
  /// give to others.
  private static let randomPieces = 4
  /// A holder this many times slower than we are is slow: all its blocks may be asked for again.
  private static let muchSlower = 4.0

  /// The piece that the peer should work on now; nil when there is nothing for it.
  ///
  /// In this order: pieces that nobody works on any more, the rarest missing piece if there is
  /// memory (`canOpenPiece`), free blocks of a piece that others are slow with, and in the end
  /// blocks that others owe. While memory is short, sharing comes in place of new pieces.
  package mutating func claim(
    for peer: PeerNumber, now: Instant, canOpenPiece: Bool
  ) -> Claim? {
    guard let record = peers[peer] else { return nil }
    if let slot = abandonedSlot(for: record) { return share(slot, with: peer) }
    if canOpenPiece, !record.isSnubbed || snubbedCount == peerCount,
      let piece = pickMissing(for: record)
    {
      activate(piece)
      actives[actives.count - 1].claimants.append(peer)
      return Claim(piece: piece, kind: .fresh)
    }
    if let slot = slotToShare(for: record, peer) { return share(slot, with: peer) }
    if let slot = slotToDuplicate(for: peer) {
      return Claim(piece: actives[slot].index, kind: .endgame)
    }
    return nil
  }

  private mutating func share(_ slot: Int, with peer: PeerNumber) -> Claim {
    if !actives[slot].claimants.contains(peer) { actives[slot].claimants.append(peer) }
    return Claim(piece: actives[slot].index, kind: .shared)
  }

  // MARK: - Begun pieces

  /// A piece with free blocks that nobody is about to ask for, or only snubbed peers.
  private func abandonedSlot(for record: Peer) -> Int? {
    guard openedPieces > 0 else { return nil }
    return actives.firstIndex { active in
      active.freeCount > 0 && record.pieces.contains(active.index)
        && active.claimants.allSatisfy { peers[$0]?.isSnubbed ?? true }
        && !(record.isSuspect && active.receivedCount > 0 && hasTrustedPeers)
    }
  }

  private var hasTrustedPeers: Bool { peerCount > 1 && partialPeers.count + seedCount > 1 }

  /// The piece with free blocks whose workers need longest for the rest of it.
  private func slotToShare(for record: Peer, _ peer: PeerNumber) -> Int? {
    guard openedPieces > 0 else { return nil }
    var best: (slot: Int, time: Double)?
    for (slot, active) in actives.enumerated() {
      guard active.freeCount > 0, record.pieces.contains(active.index),
        !active.claimants.contains(peer)
      else { continue }
      let rate = active.claimants.reduce(0) { $0 + (peers[$1]?.rate ?? 0) }
      if active.isSolo || record.isSuspect, rate * Self.muchSlower >= record.rate { continue }
      let time = Double(active.freeCount + active.owedCount) / max(rate, 1)
      if best.map({ time > $0.time }) ?? true { best = (slot, time) }
    }
    return best?.slot
  }

  // MARK: - Missing pieces

  /// The rarest missing piece that the peer has, one by chance among equals.
  private mutating func pickMissing(for record: Peer) -> PieceIndex? {
    guard rarity.count > 0 else { return nil }
    if verified.population + actives.count < Self.randomPieces,
      let piece = pickAnywhere(in: 0..<rarity.count, for: record, tries: 8)
    {
      return piece
    }
    if record.isSeed {
      guard let run = rarity.runs.first(where: { _ in true }) else { return nil }
      return piece(at: Int.random(in: run, using: &random))
    }
    guard record.interesting > 0 else { return nil }
    for run in Array(rarity.runs.prefix(4)) {
      if let piece = pickAnywhere(in: run, for: record, tries: 64) { return piece }
    }
    return pickByScan(for: record)
  }

  private func piece(at index: Int) -> PieceIndex { PieceIndex(Int(rarity.order[index])) }

  /// Walks a range of the order from a place by chance, for some steps.
  private mutating func pickAnywhere(
    in range: Range<Int>, for record: Peer, tries: Int
  ) -> PieceIndex? {
    let start = Int.random(in: range, using: &random) - range.lowerBound
    for step in 0..<min(tries, range.count) {
      let candidate = piece(at: range.lowerBound + (start + step) % range.count)
      if record.pieces.contains(candidate) { return candidate }
    }
    return nil
  }

  /// For a peer that has few of the missing pieces: looks at what it has instead.
  private func pickByScan(for record: Peer) -> PieceIndex? {
    var best: (piece: PieceIndex, availability: Int32)?
    record.pieces.forEach { piece in
      guard rarity.contains(piece) else { return }
      let availability = rarity.availability[piece.value]
      if best.map({ availability < $0.availability }) ?? true { best = (piece, availability) }
    }
    return best?.piece
  }

  // MARK: - The end

  /// The begun piece with the block that is expected last.
  private func slotToDuplicate(for peer: PeerNumber) -> Int? {
    var best: (slot: Int, time: Double)?
    for slot in actives.indices where actives[slot].owedCount > 0 {
      guard let candidate = bestDuplicate(inSlot: slot, for: peer) else { continue }
      if best.map({ candidate.time > $0.time }) ?? true { best = (slot, candidate.time) }
    }
    return best?.slot
  }

  /// The block of a piece that is expected last of those that this peer may be asked for as well.
  func bestDuplicate(inSlot slot: Int, for peer: PeerNumber) -> (number: Int, time: Double)? {
    guard let record = peers[peer], record.pieces.contains(actives[slot].index) else { return nil }
    var best: (number: Int, time: Double)?
    for (number, block) in actives[slot].blocks.enumerated() {
      guard block.status == .owed, block.secondHolder == nil, let holder = block.holder,
        holder != peer, let time = delay(of: holder, comparedWith: record)
      else { continue }
      if best.map({ time > $0.time }) ?? true { best = (number, time) }
    }
    return best
  }

  /// How long the holder may take for what it owes, in seconds; nil when it is not worth asking
  /// this peer as well.
  private func delay(of holder: PeerNumber, comparedWith record: Peer) -> Double? {
    guard let other = peers[holder] else { return .infinity }
    if other.isSnubbed { return record.isSnubbed ? nil : .infinity }
    // A peer whose rate is not known yet counts as being as fast as the other.
    let theirRate = other.rate > 0 ? other.rate : max(record.rate, 1)
    let ourRate = record.rate > 0 ? record.rate : theirRate
    let blockLength = Double(Block.standardLength)
    let theirTime = Double(other.owed) * blockLength / theirRate
    if theirRate * Self.muchSlower < ourRate { return theirTime }
    // While pieces are missing, memory is what we wait for: only slow holders are worth a copy.
    guard isEndgame, record.duplicates == 0, record.owed == 0 else { return nil }
    return theirTime > blockLength / ourRate ? theirTime : nil
  }
}
