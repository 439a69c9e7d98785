package import Primitives

// From a claim to requests.

extension Exchange {
  /// The number of blocks of one claim that are requested before the next claim has its turn.
  private static var turnBlocks: Int { 8 }

  /// Lets a peer work on a piece that its lane has pulled; returns whether that led to a request.
  @discardableResult
  package mutating func use(_ claim: Claim, for peer: PeerNumber, now: Instant) -> Bool {
    guard let place = board.peers.place(of: peer) else { return false }
    let before = board.peers.dealings[place].window.count
    board.peers.dealings[place].lane.claims.append(claim)
    fill(peer, now: now)
    return board.peers.dealings[place].window.count > before
  }

  /// Returns whether a peer's window is being filled up, over several claims.
  package func isRefilling(_ peer: PeerNumber) -> Bool {
    board.peers.place(of: peer).map { board.peers.dealings[$0].lane.isRefilling } ?? false
  }

  /// Requests blocks of the claimed pieces until the window is full.
  ///
  /// A deep window is refilled when an eighth of it is free, and then to the brim, however many
  /// claims that takes: one send for many requests costs both sides less, and the rest of the
  /// window keeps the pipeline full meanwhile. The lane is woken if the claims leave room.
  package mutating func fill(_ peer: PeerNumber, now: Instant) {
    guard let place = board.peers.place(of: peer), mayAsk(place, now: now) else { return }
    let depth = min(board.peers.dealings[place].window.target, quota?.limit ?? .max)
    if room(place) >= max(1, depth / 8) { board.peers.dealings[place].lane.isRefilling = true }
    guard board.peers.dealings[place].lane.isRefilling else { return }
    while room(place) > 0, let claim = board.peers.dealings[place].lane.claims.popFirst() {
      if takeTurn(claim, peer, place, now: now) {
        board.peers.dealings[place].lane.claims.append(claim)
      }
    }
    if room(place) == 0 { board.peers.dealings[place].lane.isRefilling = false }
    countOwed(place)
    guard wantsClaim(place, now: now), !board.peers.dealings[place].lane.isIdle else { return }
    wake(peer)
  }

  /// Requests some blocks of a claim; returns whether it may have more.
  private mutating func takeTurn(
    _ claim: Claim, _ peer: PeerNumber, _ place: Int, now: Instant
  ) -> Bool {
    for _ in 0..<min(room(place), Self.turnBlocks) {
      guard let request = board.nextRequest(of: claim, for: peer, now: now) else { return false }
      board.peers.dealings[place].window.requested(
        request.block, isDuplicate: request.isDuplicate, now: now)
      actions.append(.request(request.block, of: peer))
    }
    return true
  }

  /// Returns whether a peer serves us, and has not choked us too often lately.
  func mayAsk(_ place: Int, now: Instant) -> Bool {
    !board.peers.records[place].isChoking && !board.peers.dealings[place].lane.isClosed
      && board.peers.dealings[place].window.mayAsk(now: now)
  }

  /// Returns the number of further blocks that a peer may be asked for now.
  func room(_ place: Int) -> Int {
    let room = board.peers.dealings[place].window.room
    guard let quota else { return room }
    let others = owedInTime - board.peers.dealings[place].lane.counted
    return max(0, min(room, quota.limit - others - board.peers.dealings[place].window.count))
  }

  /// Counts the debts of a peer for the quota; one that is late holds up nobody else.
  mutating func countOwed(_ place: Int) {
    guard quota != nil else { return }
    let isCounted =
      !board.peers.dealings[place].lane.isClosed
      && !board.peers.dealings[place].window.isSnubbed
    let count = isCounted ? board.peers.dealings[place].window.count : 0
    owedInTime += count - board.peers.dealings[place].lane.counted
    board.peers.dealings[place].lane.counted = count
  }

  /// Withdraws a block at a peer, because another one has delivered it.
  mutating func withdraw(_ block: Block, at peer: PeerNumber, now: Instant) {
    guard let place = board.peers.place(of: peer),
      board.peers.dealings[place].window.cancelled(block, now: now)
    else { return }
    actions.append(.cancel(block, of: peer))
    if board.peers.dealings[place].kind == .peer { fill(peer, now: now) }
  }

  // MARK: - Forecasts for the reader

  /// Returns whether a peer owes any blocks.
  package func owesBlocks(_ peer: PeerNumber) -> Bool {
    board.peers.place(of: peer).map { !board.peers.dealings[$0].window.isEmpty } ?? false
  }

  /// Returns an outstanding request to a peer, counted from the oldest, and the place of its block.
  package func expected(
    _ index: Int, of peer: PeerNumber
  ) -> (block: Block, place: BlockPlace)? {
    guard let row = board.peers.place(of: peer),
      index < board.peers.dealings[row].window.count
    else { return nil }
    let request = board.peers.dealings[row].window.ledger[index]
    return (request.block, place(of: request.block, isDuplicate: request.isDuplicate))
  }

  /// Returns the place for a block that arrives; it goes nowhere unless this very peer was asked
  /// for it.
  package func place(of block: Block, from peer: PeerNumber, now: Instant) -> BlockPlace {
    guard let row = board.peers.place(of: peer) else { return .nowhere }
    switch board.peers.dealings[row].window.ledger.standing(of: block, now: now) {
    case .owed(let isDuplicate): return place(of: block, isDuplicate: isDuplicate)
    // Another peer may have been asked for it in the meantime.
    case .late: return place(of: block, isDuplicate: true)
    case .unrequested: return .nowhere
    }
  }

  /// Returns the place for a requested block; `isDuplicate` says whether another peer was asked for
  /// it before.
  package func place(of block: Block, isDuplicate: Bool) -> BlockPlace {
    guard !board.hasReceived(block) else { return .nowhere }
    return isDuplicate ? .aside : .inPiece
  }

  /// Returns the facts by which a reader decides how long to let a peer's bytes accumulate; nil if
  /// it should read at once.
  package func pace(of peer: PeerNumber, now: Instant) -> ReadingPace? {
    guard !board.isEndgame, let place = board.peers.place(of: peer),
      !board.peers.records[place].isChoking
    else { return nil }
    let isIdle = board.peers.dealings[place].lane.isIdle
    let rate = board.peers.dealings[place].window.estimatedRate(now: now)
    guard rate > 0, board.peers.dealings[place].window.isSteady(now: now) else { return nil }
    // A lane that is not idle is about to fill the window.
    let owed =
      isIdle
      ? board.peers.dealings[place].window.count : board.peers.dealings[place].window.target
    return ReadingPace(rate: rate, owed: owed, blockLength: board.geometry.blockLength)
  }
}

/// The rate at which a peer's blocks arrive, for its reader.
package struct ReadingPace: Sendable {
  /// The rate in bytes per second, above 0.
  package let rate: Double
  /// The number of blocks that the peer owes or is about to owe.
  package let owed: Int
  /// The length of a usual block in bytes.
  package let blockLength: Int
}

/// The place for the payload of an incoming block.
package enum BlockPlace: Equatable, Sendable {
  /// Its place in the piece, where only this peer may write now.
  case inPiece
  /// A buffer of the connection's own, because another peer may be writing the same block.
  case aside
  /// Nowhere: the bytes are read and forgotten.
  case nowhere
}
