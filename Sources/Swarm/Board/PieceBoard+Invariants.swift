import Primitives

extension PieceBoard {
  /// Returns a description of the first broken invariant, or nil.
  ///
  /// Walks everything: for tests.
  package func checkInvariants() -> String? {
    order.rarity.checkInvariants() ?? checkStates() ?? checkCounts() ?? checkAvailability()
  }

  /// Checks that a wanted piece is missing, active, complete or verified, and only one of them.
  private func checkStates() -> String? {
    var bytes: Int64 = 0
    for piece in geometry.pieces {
      let states = [order.rarity.contains(piece), isActive(piece), verified.contains(piece)]
      let count = states.count { $0 }
      guard wanted.contains(piece) ? count == 1 : count <= 1 else {
        return "piece \(piece) is in \(count) states"
      }
      if let sequence = order.sequence, sequence.contains(piece) != order.rarity.contains(piece) {
        return "piece \(piece) is missing in one order only"
      }
      if let slot = slot(of: piece), actives[slot].index != piece {
        return "piece \(piece) is in the slot of \(actives[slot].index)"
      }
      if wanted.contains(piece), !verified.contains(piece) {
        bytes += Int64(geometry.length(of: piece))
      }
    }
    return bytes == remainingBytes ? nil : "\(remainingBytes) bytes remain, not \(bytes)"
  }

  /// Checks that the counts agree with a walk over the blocks.
  private func checkCounts() -> String? {
    var owed: [PeerNumber: Int] = [:]
    var duplicates: [PeerNumber: Int] = [:]
    var lent: [PeerNumber: Int] = [:]
    var open = 0
    for active in actives {
      var free = 0
      var doubled = 0
      var received = 0
      for block in active.blocks {
        switch block.status {
        case .free:
          free += 1
          if block.holder != nil { return "a free block of \(active.index) has a holder" }
        case .owed:
          guard let holder = block.holder else { return "nobody owes a block of \(active.index)" }
          owed[holder, default: 0] += 1
          if let second = block.secondHolder {
            doubled += 1
            if second == holder { return "\(second) was asked twice for a block" }
            owed[second, default: 0] += 1
            duplicates[second, default: 0] += 1
            lent[holder, default: 0] += 1
          }
        case .received: received += 1
        }
      }
      if free != active.freeCount || received != active.receivedCount
        || doubled != active.doubledCount
      {
        return "the counts of piece \(active.index) are off"
      }
      if free > 0 { open += 1 }
    }
    if open != openedPieces { return "\(openedPieces) pieces have free blocks, not \(open)" }
    for (peer, record) in zip(peers.numbers, peers.records) {
      guard record.owed == owed[peer, default: 0] else { return "\(peer) owes another number" }
      guard record.duplicates == duplicates[peer, default: 0],
        record.lent == lent[peer, default: 0]
      else {
        return "\(peer) owes another number of duplicates"
      }
      owed[peer] = nil
    }
    return owed.isEmpty ? nil : "somebody who left still owes blocks"
  }

  /// Checks that availability and interest follow from the peers' pieces.
  private func checkAvailability() -> String? {
    var availability = [Int32](repeating: 0, count: geometry.pieceCount)
    for (peer, record) in zip(peers.numbers, peers.records) where !record.isSeed {
      var interesting = 0
      record.pieces.forEach { piece in
        availability[piece.value] += 1
        if wanted.contains(piece), !verified.contains(piece) { interesting += 1 }
      }
      if interesting != record.interesting { return "\(peer) interests us otherwise" }
    }
    guard availability == order.rarity.availability else { return "the availability is off" }
    let seeds = peers.records.count { $0.isSeed }
    guard seeds == counts.seeds else { return "there are \(seeds) seeds, not \(counts.seeds)" }
    guard peers.records.count(where: { $0.isSeed && $0.isLive }) == counts.liveSeeds,
      peers.records.count(where: \.isSnubbed) == counts.snubbed,
      peers.records.count(where: \.isChoking) == counts.choking,
      peers.records.count(where: \.isSuspect) == counts.suspects,
      peers.records.reduce(0, { $0 + Int64($1.rate) }) == counts.rate
    else { return "the kinds of peers are miscounted" }
    for peer in peers.numbers where !peers.contains(peer) { return "\(peer) is not found" }
    return nil
  }
}
