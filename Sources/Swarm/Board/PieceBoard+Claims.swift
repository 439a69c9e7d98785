package import Primitives

// The next piece for a peer, chosen at the moment of its pull.

extension PieceBoard {
  /// The number of pieces at the start of a run that are taken by chance, so that there is soon
  /// something to give to others.
  private static let randomPieces = 4
  /// The number of missing pieces that are looked at for one that a peer has, before its own are.
  private static let looks = 1024

  /// Returns the piece that the peer should work on now; nil when there is nothing for it.
  ///
  /// In this order: pieces that nobody works on any more, or can work on now; the rarest missing
  /// piece if there is memory (`canOpenPiece`) and the peer has not its share of it (of `capacity`
  /// blocks) already, unless it asks for less than a piece at a time (`depth` blocks) and can help
  /// with a begun one; free blocks of a piece that others are slow with; and in the end blocks that
  /// others owe. While memory is short, sharing comes in place of new pieces.
  package mutating func claim(
    for peer: PeerNumber, now: Instant, canOpenPiece: Bool, capacity: Int = .max,
    depth: Int = .max
  ) -> Claim? {
    guard let record = peers[peer] else { return nil }
    if let slot = abandonedSlot(for: record) { return share(slot, with: peer) }
    let share = fairShare(of: peer, capacity: capacity)
    // A peer that may owe only a part of a piece helps with one, so that few are begun at a time.
    if min(share, depth) < blocksPerPiece, let slot = slotToFinish(for: record, peer) {
      return self.share(slot, with: peer)
    }
    if canOpenPiece, mayOpen(record, share: share), let piece = pickMissing(for: record),
      !record.isSnubbed || isNeeded(for: piece)
    {
      activate(piece, by: peer)
      return Claim(piece: piece, kind: .fresh)
    }
    if let slot = slotToShare(for: record, peer) { return self.share(slot, with: peer) }
    if let slot = slotToDuplicate(for: record, peer, now: now) {
      return Claim(piece: actives[slot].index, kind: .endgame)
    }
    return nil
  }

  /// Returns whether the peer has begun less than its share of `capacity` blocks of memory.
  package func mayOpen(_ peer: PeerNumber, capacity: Int) -> Bool {
    guard !isEndgame, let record = peers[peer] else { return false }
    return mayOpen(record, share: fairShare(of: peer, capacity: capacity))
  }

  /// Returns whether a peer is below its share, so that many slow peers do not hold all the memory.
  private func mayOpen(_ record: Peer, share: Int) -> Bool {
    record.opened == 0 || record.opened * blocksPerPiece < share
  }

  private mutating func share(_ slot: Int, with peer: PeerNumber) -> Claim {
    actives[slot].addClaimant(peer)
    return Claim(piece: actives[slot].index, kind: .shared)
  }

  // MARK: - Begun pieces

  /// Returns a piece with free blocks that nobody works on, or only peers that are snubbed or choke
  /// us.
  private func abandonedSlot(for record: Peer) -> Int? {
    guard openedPieces > 0 else { return nil }
    return actives.indices.first { slot in
      actives[slot].freeCount > 0
        && (actives[slot].claimants.isEmpty || counts.snubbed + counts.choking > 0)
        && record.pieces.contains(actives[slot].index)
        && actives[slot].claimants.allSatisfy { !isAtWork($0) }
        && !(record.isSuspect && actives[slot].receivedCount > 0 && counts.suspects < peers.count)
    }
  }

  /// Returns the piece with the fewest free blocks, of those that may be shared.
  private func slotToFinish(for record: Peer, _ peer: PeerNumber) -> Int? {
    guard openedPieces > 0, !record.isSuspect else { return nil }
    var best: (slot: Int, free: Int)?
    for slot in actives.indices where actives[slot].freeCount > 0 {
      let free = shareableCount(inSlot: slot)
      guard free > 0, best.map({ free < $0.free }) ?? true,
        record.pieces.contains(actives[slot].index), !actives[slot].claimants.contains(peer),
        !isForOneAlone(slot)
      else { continue }
      best = (slot, free)
    }
    return best?.slot
  }

  /// Returns the piece with free blocks whose workers need longest for the rest of it.
  private func slotToShare(for record: Peer, _ peer: PeerNumber) -> Int? {
    guard openedPieces > 0 else { return nil }
    var best: (slot: Int, time: Double)?
    for slot in actives.indices where shareableCount(inSlot: slot) > 0 {
      guard record.pieces.contains(actives[slot].index), !actives[slot].claimants.contains(peer)
      else { continue }
      let rate = rateOfWorkers(inSlot: slot)
      if isForOneAlone(slot) || record.isSuspect, let rate,
        rate * Self.muchSlower >= record.rate
      {
        continue
      }
      let left = actives[slot].freeCount + actives[slot].owedCount
      let time = Double(left) / max(rate ?? 0, 1)
      if best.map({ time > $0.time }) ?? true { best = (slot, time) }
    }
    return best?.slot
  }

  /// Returns the number of free blocks for one more peer; at the end none is kept for later ones.
  private func shareableCount(inSlot slot: Int) -> Int {
    isEndgame ? actives[slot].freeCount : actives[slot].unclaimedCount
  }

  /// Returns whether a peer continues its claims: it is not late, and does not choke us.
  private func isAtWork(_ peer: PeerNumber) -> Bool {
    peers[peer].map { !$0.isSnubbed && !$0.isChoking } ?? false
  }

  /// Returns the rate of all peers that work on a piece; nil if all are snubbed or choke us, or
  /// nobody does.
  private func rateOfWorkers(inSlot slot: Int) -> Double? {
    var rate: Double?
    for peer in actives[slot].claimants {
      guard let record = peers[peer], !record.isSnubbed, !record.isChoking else { continue }
      rate = (rate ?? 0) + record.rate
    }
    return rate
  }

  /// Returns whether a piece should not be shared: it failed before, or a suspect works on it.
  private func isForOneAlone(_ slot: Int) -> Bool {
    guard !actives[slot].isSolo else { return true }
    guard counts.suspects > 0 else { return false }
    return actives[slot].claimants.contains { peers[$0]?.isSuspect ?? false }
  }

  // MARK: - Missing pieces

  /// Returns the rarest missing piece that the peer has, one by chance among equals; or the first
  /// one.
  private mutating func pickMissing(for record: Peer) -> PieceIndex? {
    guard order.rarity.count > 0 else { return nil }
    if let piece = order.firstPreferred(of: record.pieces) { return piece }
    if order.sequence != nil { return order.sequence?.first(of: record.pieces) }
    if verified.population + actives.count < Self.randomPieces,
      let piece = pickAnywhere(in: 0..<order.rarity.count, for: record, tries: 8)
    {
      return piece
    }
    if record.isSeed {
      guard let run = order.rarity.runs.first(where: { _ in true }) else { return nil }
      return piece(at: Int.random(in: run, using: &random))
    }
    guard record.interesting > 0 else { return nil }
    if let run = order.rarity.runs.first(where: { _ in true }),
      let piece = pickAnywhere(in: run, for: record, tries: Self.looks)
    {
      return piece
    }
    let isShort = order.rarity.count <= record.pieces.population
    let looks = isShort ? order.rarity.count : min(order.rarity.count, Self.looks)
    for index in 0..<looks where record.pieces.contains(piece(at: index)) {
      return piece(at: index)
    }
    return looks == order.rarity.count ? nil : pickByScan(for: record)
  }

  /// Returns whether a snubbed peer should open the piece: nobody else who brings something has it.
  private func isNeeded(for piece: PieceIndex) -> Bool {
    counts.liveSeeds == 0
      && !peers.records.contains { $0.isLive && $0.pieces.contains(piece) }
  }

  private func piece(at index: Int) -> PieceIndex { PieceIndex(Int(order.rarity.order[index])) }

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

  /// Picks a piece for a peer that has few of the missing ones, by a walk over its own pieces.
  private func pickByScan(for record: Peer) -> PieceIndex? {
    var best: (piece: PieceIndex, availability: Int32)?
    record.pieces.forEach { piece in
      guard order.rarity.contains(piece) else { return }
      let availability = order.rarity.availability[piece.value]
      if best.map({ availability < $0.availability }) ?? true { best = (piece, availability) }
    }
    return best?.piece
  }
}
