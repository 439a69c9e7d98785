import Primitives

// When nothing is left to open or to share: blocks that others owe are asked for a second time.

extension PieceBoard {
  /// A holder this many times slower than we are is slow: all its blocks may be asked for again.
  static let muchSlower = 4.0
  /// The time that a peer may take for its first block before its silence tells its rate; at the
  /// end, when little can be fetched in vain, less.
  private var patience: Duration { isEndgame ? .milliseconds(50) : .seconds(1) }
  /// The time that the way there and back may take, in seconds.
  private static let margin = 1.0

  /// Returns the begun piece with the block that is expected last.
  ///
  /// Holders are compared first, and then the blocks of the slowest looked for: O(peers) when no
  /// holder is worth a copy, as at almost every call, else O(peers + active blocks).
  func slotToDuplicate(for record: Peer, _ peer: PeerNumber, now: Instant) -> Int? {
    let pace = record.pace
    var last: Holder?
    while let holder = slowestHolder(for: pace, peer, after: last, now: now) {
      if let slot = slot(ofLastBlockFrom: holder.number, for: record, now: now) { return slot }
      last = holder
    }
    return nil
  }

  /// A peer that owes blocks, and when it will have brought them, in seconds from now.
  private struct Holder {
    let number: PeerNumber
    let time: Double

    /// Orders the slowest first; of equals, the one that came first.
    func comes(before other: Holder) -> Bool { (time, other.number) > (other.time, number) }
  }

  private func slowestHolder(
    for pace: Pace, _ peer: PeerNumber, after last: Holder?, now: Instant
  ) -> Holder? {
    var best: Holder?
    for index in peers.records.indices {
      let number = peers.numbers[index]
      let other = peers.records[index].pace
      guard other.exposed > 0, number != peer,
        let time = delay(of: other, comparedWith: pace, isSolo: false, now: now)
      else { continue }
      let holder = Holder(number: number, time: time)
      if let last, !last.comes(before: holder) { continue }
      if best.map({ holder.comes(before: $0) }) ?? true { best = holder }
    }
    return best
  }

  private func slot(
    ofLastBlockFrom holder: PeerNumber, for record: Peer, now: Instant
  ) -> Int? {
    guard let other = peers[holder]?.pace else { return nil }
    let soloToo = delay(of: other, comparedWith: record.pace, isSolo: true, now: now) != nil
    var best: (slot: Int, serial: UInt32)?
    for slot in actives.indices where actives[slot].singleCount > 0 {
      guard soloToo || !actives[slot].isSolo, record.pieces.contains(actives[slot].index),
        let serial = actives[slot].lastSerial(owedOnlyBy: holder)
      else { continue }
      if best.map({ serial > $0.serial }) ?? true { best = (slot, serial) }
    }
    return best?.slot
  }

  /// A block that may be asked for a second time.
  struct Duplicate {
    let number: Int
    /// The time until its holder will have brought all that it owes, in seconds.
    let time: Double
    let serial: UInt32

    func isExpected(before other: Duplicate) -> Bool { (time, serial) < (other.time, other.serial) }
  }

  /// Returns the block of a piece that is expected last of those that this peer may be asked for as
  /// well.
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
        let isSolo = actives[slot].isSolo
        known = (
          holder,
          peers[holder].flatMap {
            delay(of: $0.pace, comparedWith: record.pace, isSolo: isSolo, now: now)
          }
        )
      }
      guard let time = known?.time else { continue }
      let candidate = Duplicate(number: number, time: time, serial: block.serial)
      if best.map({ $0.isExpected(before: candidate) }) ?? true { best = candidate }
    }
    return best
  }

  /// Returns the time that the holder may take for its debts, in seconds; nil if it is not worth
  /// asking this peer as well.
  private func delay(
    of other: Pace, comparedWith record: Pace, isSolo: Bool, now: Instant
  ) -> Double? {
    if other.isSnubbed { return record.isSnubbed ? nil : .infinity }
    let blockLength = Double(geometry.blockLength)
    // A peer whose rate is not known yet counts as being as fast as the other, but not as faster
    // than its silence allows.
    var theirRate = other.rate > 0 ? other.rate : max(record.rate, 1)
    if other.rate == 0, let start = other.silentSince, now - start > patience {
      theirRate = min(theirRate, blockLength / (now - start).inSeconds)
    }
    let ourRate = record.rate > 0 ? record.rate : theirRate
    let theirTime = Double(other.owed - other.lent) * blockLength / theirRate
    // Before the end there is no hurry: a block that will be here in a moment is not worth a copy.
    if theirRate * Self.muchSlower < ourRate, isEndgame || theirTime > Self.margin {
      return theirTime
    }
    // A piece that must come from one peer alone is not mixed only to gain a moment.
    guard !isSolo, !record.isSuspect, !other.isSuspect else { return nil }
    if other.rate > 0, canOvertake(record, in: theirTime) { return theirTime }
    guard isEndgame, record.duplicates == 0, record.owed == 0 else { return nil }
    return theirTime > blockLength / ourRate ? theirTime : nil
  }

  /// Returns whether the peer would bring one more block in less than half of the time, so that the
  /// holder can be told in time not to send it.
  ///
  /// This keeps peers busy when others hold all that there is memory for.
  private func canOvertake(_ record: Pace, in theirTime: Double) -> Bool {
    guard record.rate > 0 else { return record.owed == 0 && theirTime > Self.margin }
    let ourTime = Double(record.owed + 1) * Double(geometry.blockLength) / record.rate
    return theirTime > 2 * ourTime + Self.margin
  }
}
