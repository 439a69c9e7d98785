package import Primitives

// What comes next for a peer, decided at the moment of its pull.

extension PieceBoard {
  /// How many pieces at the start of a run are taken by chance, so that there is soon something to
  /// give to others.
  private static let randomPieces = 4
  /// A holder this many times slower than we are is slow: all its blocks may be asked for again.
  private static let muchSlower = 4.0
  /// How long a peer may take for its first block before its silence tells of its rate.
  private static let patience = Duration.seconds(1)
  /// How many seconds the way there and back may take.
  private static let margin = 1.0
  /// How many missing pieces are looked at for one that a peer has, before its own are.
  private static let looks = 1024

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
    if canOpenPiece, let piece = pickMissing(for: record), !record.isSnubbed || isNeeded(for: piece)
    {
      activate(piece)
      actives[actives.count - 1].claimants.append(peer)
      return Claim(piece: piece, kind: .fresh)
    }
    if let slot = slotToShare(for: record, peer) { return share(slot, with: peer) }
    if let slot = slotToDuplicate(for: peer, now: now) {
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
    return actives.indices.first { slot in
      actives[slot].freeCount > 0
        && (actives[slot].claimants.isEmpty || snubbedCount > 0)
        && record.pieces.contains(actives[slot].index)
        && actives[slot].claimants.allSatisfy { peers[$0]?.isSnubbed ?? true }
        && !(record.isSuspect && actives[slot].receivedCount > 0 && suspectCount < peerCount)
    }
  }

  /// The piece with free blocks whose workers need longest for the rest of it.
  private func slotToShare(for record: Peer, _ peer: PeerNumber) -> Int? {
    guard openedPieces > 0 else { return nil }
    var best: (slot: Int, time: Double)?
    for slot in actives.indices where actives[slot].freeCount > 0 {
      guard record.pieces.contains(actives[slot].index), !actives[slot].claimants.contains(peer)
      else { continue }
      let (rate, worksAlone) = workers(inSlot: slot)
      if worksAlone || record.isSuspect, let rate, rate * Self.muchSlower >= record.rate {
        continue
      }
      let left = actives[slot].freeCount + actives[slot].owedCount
      let time = Double(left) / max(rate ?? 0, 1)
      if best.map({ time > $0.time }) ?? true { best = (slot, time) }
    }
    return best?.slot
  }

  /// How fast those are together who work on a piece, nil when all are snubbed or nobody does; and
  /// whether they should be left alone.
  private func workers(inSlot slot: Int) -> (rate: Double?, workAlone: Bool) {
    var rate: Double?
    var workAlone = actives[slot].isSolo
    for peer in actives[slot].claimants {
      guard let record = peers[peer] else { continue }
      if !record.isSnubbed { rate = (rate ?? 0) + record.rate }
      if record.isSuspect { workAlone = true }
    }
    return (rate, workAlone)
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
    if let run = rarity.runs.first(where: { _ in true }),
      let piece = pickAnywhere(in: run, for: record, tries: Self.looks)
    {
      return piece
    }
    let isShort = rarity.count <= record.pieces.population
    let looks = isShort ? rarity.count : min(rarity.count, Self.looks)
    for index in 0..<looks where record.pieces.contains(piece(at: index)) {
      return piece(at: index)
    }
    return looks == rarity.count ? nil : pickByScan(for: record)
  }

  /// Whether a snubbed peer should open the piece: nobody else who brings something has it.
  private func isNeeded(for piece: PieceIndex) -> Bool {
    liveSeedCount == 0
      && !partialPeers.contains {
        peers[$0].map { $0.isLive && $0.pieces.contains(piece) } ?? false
      }
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
  private func slotToDuplicate(for peer: PeerNumber, now: Instant) -> Int? {
    var best: (slot: Int, candidate: Duplicate)?
    for slot in actives.indices where actives[slot].singleCount > 0 {
      guard let candidate = bestDuplicate(inSlot: slot, for: peer, now: now) else { continue }
      if best.map({ $0.candidate.isExpected(before: candidate) }) ?? true {
        best = (slot, candidate)
      }
    }
    return best?.slot
  }

  /// A block that may be asked for a second time.
  struct Duplicate {
    let number: Int
    /// When its holder will have brought all that it owes, in seconds from now.
    let time: Double
    let serial: UInt32

    func isExpected(before other: Duplicate) -> Bool { (time, serial) < (other.time, other.serial) }
  }

  /// The block of a piece that is expected last of those that this peer may be asked for as well.
  func bestDuplicate(inSlot slot: Int, for peer: PeerNumber, now: Instant) -> Duplicate? {
    guard actives[slot].singleCount > 0, let record = peers[peer],
      record.pieces.contains(actives[slot].index)
    else { return nil }
    var best: Duplicate?
    // Neighbours mostly have the same holder, so it is looked up once for a run of blocks.
    var known: (holder: PeerNumber, time: Double?)?
    for number in actives[slot].blocks.indices {
      let block = actives[slot].blocks[number]
      guard block.status == .owed, block.secondHolder == nil, let holder = block.holder,
        holder != peer
      else { continue }
      if known?.holder != holder {
        let time = delay(of: holder, comparedWith: record, isSolo: actives[slot].isSolo, now: now)
        known = (holder, time)
      }
      guard let time = known?.time else { continue }
      let candidate = Duplicate(number: number, time: time, serial: block.serial)
      if best.map({ $0.isExpected(before: candidate) }) ?? true { best = candidate }
    }
    return best
  }

  /// How long the holder may take for what it owes, in seconds; nil when it is not worth asking
  /// this peer as well.
  private func delay(
    of holder: PeerNumber, comparedWith record: Peer, isSolo: Bool, now: Instant
  ) -> Double? {
    guard let other = peers[holder] else { return .infinity }
    if other.isSnubbed { return record.isSnubbed ? nil : .infinity }
    let blockLength = Double(Block.standardLength)
    // A peer whose rate is not known yet counts as being as fast as the other, but not as faster
    // than its silence allows.
    var theirRate = other.rate > 0 ? other.rate : max(record.rate, 1)
    if other.rate == 0, let start = other.silentSince, now - start > Self.patience {
      theirRate = min(theirRate, blockLength / (now - start).inSeconds)
    }
    let ourRate = record.rate > 0 ? record.rate : theirRate
    let theirTime = Double(other.owed - other.lent) * blockLength / theirRate
    // Before the end there is no hurry: what will be here in a moment is not worth a copy.
    if theirRate * Self.muchSlower < ourRate, isEndgame || theirTime > Self.margin {
      return theirTime
    }
    // What must come from one peer alone is not mixed only to gain a moment.
    guard !isSolo, !record.isSuspect, !other.isSuspect else { return nil }
    if other.rate > 0, canOvertake(record, in: theirTime) { return theirTime }
    guard isEndgame, record.duplicates == 0, record.owed == 0 else { return nil }
    return theirTime > blockLength / ourRate ? theirTime : nil
  }

  /// Whether the peer would bring one more block in less than half of the time, so that the holder
  /// can be told in time not to send it.
  ///
  /// This keeps peers busy when others hold all that there is memory for.
  private func canOvertake(_ record: Peer, in theirTime: Double) -> Bool {
    guard record.rate > 0 else { return record.owed == 0 && theirTime > Self.margin }
    let ourTime = Double(record.owed + 1) * Double(Block.standardLength) / record.rate
    return theirTime > 2 * ourTime + Self.margin
  }
}
