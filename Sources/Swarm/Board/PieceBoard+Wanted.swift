package import Primitives

// The wanted pieces and the preferred ones, both of which may change during a run.

extension PieceBoard {
  /// A block that a peer owes and that is no longer wanted.
  package struct Recall: Equatable, Sendable {
    /// The peer that was asked for the block.
    package let peer: PeerNumber
    /// The block.
    package let block: Block
  }

  /// Changes the set of wanted pieces.
  ///
  /// Started pieces that are no longer wanted are given up, except for those whose blocks are all
  /// here.
  ///
  /// - Parameter new: The pieces that the run fetches from now on.
  /// - Returns: The pieces that were given up, and the blocks of them that peers owed.
  package mutating func want(_ new: Bitfield) -> (dropped: [PieceIndex], recalls: [Recall]) {
    guard new.count == wanted.count, new != wanted else { return ([], []) }
    let old = wanted
    setWanted(to: new)
    var dropped: [PieceIndex] = []
    var recalls: [Recall] = []
    old.forEach { piece in
      guard !new.contains(piece), !verified.contains(piece) else { return }
      guard let slot = slot(of: piece) else { return order.remove(piece) }
      guard !actives[slot].isComplete, !actives[slot].isBeingRead else { return }
      recalls += drop(slot)
      dropped.append(piece)
    }
    new.forEach { piece in
      if !old.contains(piece), !verified.contains(piece), slot(of: piece) == nil {
        order.insert(piece)
      }
    }
    countInteresting()
    return (dropped, recalls)
  }

  /// Sets the wanted pieces that are picked before all others, in the torrent's order.
  package mutating func prefer(_ pieces: Bitfield) {
    guard pieces.count == wanted.count else { return }
    order.prefer(pieces)
  }

  /// Gives up a started piece with all that peers owe of it.
  private mutating func drop(_ slot: Int) -> [Recall] {
    let piece = actives[slot].index
    var recalls: [Recall] = []
    for (number, block) in actives[slot].blocks.enumerated() where block.status == .owed {
      for peer in PeerPair(block.holder, block.secondHolder) {
        recalls.append(Recall(peer: peer, block: geometry.block(number, of: piece)))
      }
    }
    for recall in recalls { release(recall.block, by: recall.peer) }
    actives[slot].removeAllClaimants()
    forgetOpener(ofSlot: slot)
    if actives[slot].freeCount > 0 { openedPieces -= 1 }
    removeActive(slot)
    return recalls
  }

  private mutating func countInteresting() {
    for (peer, record) in zip(peers.numbers, peers.records) where !record.isSeed {
      var count = 0
      record.pieces.forEach { if isInteresting($0) { count += 1 } }
      peers.change(peer) { $0.interesting = count }
    }
  }
}
