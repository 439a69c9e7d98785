package import Primitives

// From a claim to blocks: asking, receiving, giving back.

extension PieceBoard {
  /// From so many blocks on a piece is hashed as it comes in.
  private static let bigPieceBlocks = 64

  /// Reserves the next block of a claim for its peer; nil when it has none, or none any more.
  package mutating func nextRequest(
    of claim: Claim, for peer: PeerNumber, now: Instant
  ) -> BlockRequest? {
    guard let slot = slot(of: claim.piece), peers.contains(peer) else { return nil }
    if claim.kind == .endgame { return nextDuplicate(inSlot: slot, for: peer, now: now) }
    // A claim from before the piece failed does not hold for its next try.
    guard actives[slot].hear(peer) else { return nil }
    // Blocks that helpers bring of a big piece must not wait at its end to be hashed.
    let fromBack = claim.kind == .shared && blocksPerPiece < Self.bigPieceBlocks
    guard let number = actives[slot].takeFree(fromBack: fromBack, for: peer, serial: requestSerial)
    else {
      actives[slot].removeClaimant(peer)
      return nil
    }
    if actives[slot].freeCount == 0 { openedPieces -= 1 }
    owe(peer, now: now)
    return BlockRequest(block: geometry.block(number, of: claim.piece), isDuplicate: false)
  }

  private mutating func nextDuplicate(
    inSlot slot: Int, for peer: PeerNumber, now: Instant
  ) -> BlockRequest? {
    guard let number = bestDuplicate(inSlot: slot, for: peer, now: now)?.number else { return nil }
    actives[slot].addSecond(peer, to: number)
    owe(peer, now: now)
    peers.change(peer) { $0.duplicates += 1 }
    if let holder = actives[slot].blocks[number].holder {
      peers.change(holder) { $0.lent += 1 }
    }
    return BlockRequest(
      block: geometry.block(number, of: actives[slot].index), isDuplicate: true)
  }

  private mutating func owe(_ peer: PeerNumber, now: Instant) {
    requestSerial &+= 1
    peers.change(peer) { record in
      if record.owed == 0 { record.silentSince = now }
      record.owed += 1
    }
  }

  /// Takes a whole block, requested or late.
  package mutating func received(_ block: Block, from peer: PeerNumber) -> BlockReceipt {
    guard let slot = slot(of: block.piece), let number = number(of: block),
      actives[slot].blocks[number].status != .received
    else { return .useless }
    let state = actives[slot].blocks[number]
    if let holder = state.holder { settleDebt(of: holder, isSecond: false) }
    if let second = state.secondHolder {
      settleDebt(of: second, isSecond: true)
      if let holder = state.holder { peers.change(holder) { $0.lent -= 1 } }
    }
    peers.change(peer) { $0.silentSince = nil }
    let hadFree = actives[slot].freeCount > 0
    actives[slot].receive(number, from: peer)
    if hadFree, actives[slot].freeCount == 0 { openedPieces -= 1 }
    if actives[slot].isComplete {
      actives[slot].removeAllClaimants()
      forgetOpener(ofSlot: slot)
    }
    return BlockReceipt(
      isUseful: true, completesPiece: actives[slot].isComplete,
      othersToCancel: PeerPair(state.holder, state.secondHolder, without: peer))
  }

  /// Records that the peer will not bring the block; does nothing when the peer does not owe it.
  package mutating func release(_ block: Block, by peer: PeerNumber) {
    guard let slot = slot(of: block.piece), let number = number(of: block) else { return }
    release(number, inSlot: slot, by: peer)
  }

  /// Records that the peer stops working on the piece, and will not bring the blocks that it owes.
  package mutating func giveBack(_ piece: PieceIndex, by peer: PeerNumber) {
    guard let slot = slot(of: piece) else { return }
    releaseAll(inSlot: slot, by: peer)
  }

  mutating func releaseAll(inSlot slot: Int, by peer: PeerNumber) {
    actives[slot].removeClaimant(peer)
    if actives[slot].opener == peer { forgetOpener(ofSlot: slot) }
    guard actives[slot].owedCount > 0 else { return }
    for number in actives[slot].blocks.indices { release(number, inSlot: slot, by: peer) }
  }

  private mutating func release(_ number: Int, inSlot slot: Int, by peer: PeerNumber) {
    let state = actives[slot].blocks[number]
    let isSecond = state.secondHolder == peer
    let hadFree = actives[slot].freeCount > 0
    guard actives[slot].release(number, by: peer) else { return }
    settleDebt(of: peer, isSecond: isSecond)
    if let holder = state.holder, let second = state.secondHolder {
      peers.change(holder) { $0.lent -= 1 }
      // The peer that was asked second is now the only one.
      if !isSecond { peers.change(second) { $0.duplicates -= 1 } }
    }
    if !hadFree, actives[slot].freeCount > 0 { openedPieces += 1 }
  }

  private mutating func settleDebt(of peer: PeerNumber, isSecond: Bool) {
    peers.change(peer) { record in
      record.owed -= 1
      if isSecond { record.duplicates -= 1 }
    }
  }
}
