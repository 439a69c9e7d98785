package import Primitives

// Blocks that arrive, and the verdicts on pieces.

extension Exchange {
  /// Records the arrival of a whole block.
  ///
  /// - Parameters:
  ///   - block: The block.
  ///   - source: The peer or web seed that sent it.
  ///   - isKept: True if the bytes are in the piece now; false if they went nowhere.
  ///   - now: The time.
  package mutating func arrived(
    _ block: Block, from source: PeerNumber, isKept: Bool, now: Instant
  ) {
    guard let place = board.peers.place(of: source) else { return }
    let standing = board.peers.dealings[place].window.received(block, now: now)
    guard standing != .unrequested else {
      // An unrequested block went nowhere and does not count.
      let isFlooded =
        board.peers.dealings[place].kind == .peer
        && board.peers.dealings[place].window.ledger.isFlooded
      if isFlooded { end(source, .unrequested(block)) }
      return
    }
    if board.peers.dealings[place].kind == .peer {
      board.peers.dealings[place].downloaded.add(bytes: block.length, now: now)
    }
    guard isKept else {
      if standing != .late {
        board.release(block, by: source)
        wakeIdle()
      }
      board.peers.dealings[place].wasted += Int64(block.length)
      return
    }
    let receipt = board.received(block, from: source)
    if receipt.completesPiece {
      completed(block.piece, by: source, at: place)
    } else if receipt.isUseful, supply.hashesEarly {
      actions.append(.advance(block.piece))
    }
    if !receipt.isUseful { board.peers.dealings[place].wasted += Int64(block.length) }
    for other in receipt.othersToCancel { withdraw(block, at: other, now: now) }
  }

  private mutating func completed(_ piece: PieceIndex, by source: PeerNumber, at place: Int) {
    supply.backlog.completed(board.geometry.length(of: piece))
    actions.append(.hash(piece, isUrgent: board.isOnTrial(source)))
    board.peers.dealings[place].lane.lastCompleted = piece
    if board.peers.dealings[place].kind == .peer { wakeIfMayOpen(source, at: place) }
  }

  /// Records bytes of a block that is not whole: the peer is alive even if the block takes long.
  package mutating func progressed(_ peer: PeerNumber, now: Instant) {
    guard let place = board.peers.place(of: peer) else { return }
    board.peers.dealings[place].window.progressed(now: now)
  }

  /// Records bytes of a web seed's run, and how many of them are of no use.
  package mutating func streamed(
    _ count: Int, wasted: Int, from source: PeerNumber, now: Instant
  ) {
    guard let place = board.peers.place(of: source) else { return }
    board.peers.dealings[place].downloaded.add(bytes: count, now: now)
    board.peers.dealings[place].wasted += Int64(wasted)
  }

  /// Records whether a worker reads the piece's buffer.
  package mutating func setBeingRead(_ piece: PieceIndex, _ isBeingRead: Bool) {
    board.setBeingRead(piece, isBeingRead)
  }

  // MARK: - Verdicts

  /// Returns whether a verdict on a piece must name the hash of each block, even if the piece is
  /// good.
  package func needsDigests(of piece: PieceIndex) -> Bool { blame.needsDigests(of: piece) }

  /// Records the verdict on a complete piece.
  ///
  /// - Parameters:
  ///   - piece: The piece.
  ///   - isGood: True if its hash was right.
  ///   - digests: The hash of each block; nil if they are not needed.
  package mutating func judged(_ piece: PieceIndex, isGood: Bool, digests: [[UInt8]]?) {
    isGood ? passed(piece, digests) : failed(piece, digests ?? [])
  }

  private mutating func passed(_ piece: PieceIndex, _ digests: [[UInt8]]?) {
    let liars = digests.map { blame.pieceVerified(piece, digests: $0) }
    board.pieceVerified(piece)
    settle(piece)
    if board.isComplete {
      schedule.retry.stop()
      wakeIdle()
    } else {
      wakeOneIdle()
    }
    for peer in board.leechers { updateInterest(in: peer) }
    ban(liars ?? [], piece)
    // A peer that sent right blocks in a failed attempt at this piece is cleared.
    if liars != nil { updateSuspects() }
    if board.isComplete { actions.append(.complete) }
  }

  private mutating func failed(_ piece: PieceIndex, _ digests: [[UInt8]]) {
    let liars = blame.pieceFailed(piece, senders: board.senders(of: piece), digests: digests)
    board.pieceFailed(piece)
    settle(piece)
    wakeIdle()
    ban(liars, piece)
    updateSuspects()
  }

  /// Gives back the memory of a piece, and lets readers continue that waited for the verdict.
  private mutating func settle(_ piece: PieceIndex) {
    supply.room.release()
    actions.append(.release(piece))
    for source in supply.backlog.judged(board.geometry.length(of: piece)) {
      actions.append(.resume(source))
    }
  }

  private mutating func ban(_ liars: [PeerNumber], _ piece: PieceIndex) {
    for liar in liars {
      part(liar)
      actions.append(.ban(liar, evidence: piece))
    }
  }

  private mutating func updateSuspects() {
    for source in board.peers.numbers { board.setSuspect(source, blame.isSuspect(source)) }
  }

  /// Records that a verified piece can be read: peers that lack it are told.
  package mutating func written(_ piece: PieceIndex) {
    guard kept.insert(piece), board.hasLeechers else { return }
    for peer in board.leechers where !board.has(peer, piece) {
      actions.append(.have(piece, to: peer))
    }
  }

  // MARK: - Readers

  /// A Boolean value indicating whether more waits to be hashed and written than should.
  package var isBehind: Bool { supply.backlog.isBehind }

  /// Returns whether a source's reader may continue; if not, it is resumed when it may.
  ///
  /// Besides the backlog, a reader waits while its peer is on trial and a piece of it is being
  /// hashed, so a liar is found out by its first piece and not after a dozen.
  package mutating func mayRead(_ source: PeerNumber) -> Bool {
    guard let place = board.peers.place(of: source) else { return true }
    if supply.backlog.isBehind {
      supply.backlog.hold(source)
      return false
    }
    guard board.peers.dealings[place].kind == .peer,
      let piece = board.peers.dealings[place].lane.lastCompleted, board.isBeingHashed(piece),
      board.isOnTrial(source)
    else { return true }
    supply.backlog.awaitVerdict(source)
    return false
  }
}
