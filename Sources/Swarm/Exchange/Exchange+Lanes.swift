package import Primitives

// The next piece for a source, chosen when its lane pulls, and the lanes that are woken to pull.

extension Exchange {
  /// Returns the next piece for a peer, or nil if there is none.
  ///
  /// It only claims; `use` requests the blocks. If there is nothing for the peer, its lane is woken
  /// when that may change.
  package mutating func pull(_ peer: PeerNumber, now: Instant) -> Claim? {
    guard let place = board.peers.place(of: peer), wantsClaim(place, now: now) else { return nil }
    let depth = board.peers.dealings[place].window.target
    return claim(for: peer, at: place, depth: depth, now: now)
  }

  /// Returns whether a peer's lane should pull.
  ///
  /// The next piece is pulled as soon as the window has room that the pieces at hand don't fill, so
  /// the pipeline does not run dry at a piece's border.
  package func wantsClaim(_ peer: PeerNumber, now: Instant) -> Bool {
    board.peers.place(of: peer).map { wantsClaim($0, now: now) } ?? false
  }

  func wantsClaim(_ place: Int, now: Instant) -> Bool {
    board.peers.dealings[place].amInterested && mayAsk(place, now: now)
      && board.peers.dealings[place].lane.claims.count < claimDepth && room(place) > 0
  }

  /// Returns the next claim of a source and reserves room for a new piece.
  mutating func claim(
    for source: PeerNumber, at place: Int, depth: Int, now: Instant
  ) -> Claim? {
    guard isKnown, !isOver, !board.isComplete, !board.peers.dealings[place].lane.isClosed else {
      return nil
    }
    // Half a second is long at the end; before that the tick tells it often enough.
    if board.isEndgame { refreshRate(place, now: now) }
    guard let claim = makeClaim(for: source, depth: depth, now: now),
      claim.kind != .endgame || quota?.isReached != true
    else {
      foundNothing(place, source, now: now)
      return nil
    }
    // It may have asked again by itself, because it can do more than before.
    if board.peers.dealings[place].lane.isIdle { stopWaiting(source) }
    if claim.kind == .fresh { reserve(claim.piece) }
    schedule.retry.found()
    passOnWork()
    return claim
  }

  private mutating func foundNothing(_ place: Int, _ source: PeerNumber, now: Instant) {
    if !board.peers.dealings[place].lane.isIdle {
      board.peers.dealings[place].lane.isIdle = true
      supply.lanes.append(source)
    }
    if supply.lanes.takeTry() { wakeIdle(at: 0) }
    if board.isEndgame { schedule.retry.askedInVain(now: now) }
  }

  /// Asks the board; if memory is short, pieces that nobody can finish give up theirs.
  private mutating func makeClaim(for source: PeerNumber, depth: Int, now: Instant) -> Claim? {
    let canOpen = supply.room.mayReserve(peers: board.peers.count)
    let capacity = supply.room.capacity(peers: board.peers.count)
    if let claim = board.claim(
      for: source, now: now, canOpenPiece: canOpen, capacity: capacity, depth: depth)
    {
      return claim
    }
    guard !canOpen, board.isInteresting(source), let piece = board.shedAbandoned() else {
      return nil
    }
    giveUp(piece)
    return board.claim(
      for: source, now: now, canOpenPiece: supply.room.mayReserve(peers: board.peers.count),
      capacity: capacity, depth: depth)
  }

  mutating func reserve(_ piece: PieceIndex) {
    supply.room.reserve()
    actions.append(.reserve(piece))
  }

  mutating func giveUp(_ piece: PieceIndex) {
    supply.room.release()
    actions.append(.discard(piece))
    actions.append(.release(piece))
  }

  /// The number of pieces that one peer works on at the same time.
  ///
  /// Long pieces are hashed while they arrive, and more of them at once fill more lanes of a pass.
  var claimDepth: Int {
    guard supply.hashesEarly else { return 1 }
    let peers = max(1, board.peers.count)
    let room =
      supply.room.capacity(peers: peers) * Block.standardLength / board.geometry.pieceLength
    return max(1, min(8, min(room, 16) / peers))
  }

  /// Returns the number of blocks that a source may owe, so that the memory is enough for all.
  package func share(of source: PeerNumber) -> Int {
    board.fairShare(of: source, capacity: supply.room.capacity(peers: board.peers.count))
  }

  // MARK: - Memory

  /// Records whether the session has memory for one more piece of this torrent.
  package mutating func setRoom(_ hasRoom: Bool) { supply.room.sessionHasRoom = hasRoom }

  /// Wakes a waiting lane if its peer may begin one more piece now: the pieces that it had begun
  /// may have been its share of the memory.
  mutating func wakeIfMayOpen(_ peer: PeerNumber, at place: Int) {
    let peers = board.peers.count
    guard board.peers.dealings[place].lane.isIdle, supply.room.mayReserve(peers: peers),
      board.mayOpen(peer, capacity: supply.room.capacity(peers: peers))
    else { return }
    wake(peer)
  }

  // MARK: - Waking

  mutating func wake(_ source: PeerNumber) { actions.append(.wake(source)) }

  /// Lets every idle lane pull.
  package mutating func wakeIdle() {
    for _ in 0..<supply.lanes.queue.count { wakeIdle(at: 0) }
  }

  /// Lets the lane of every source pull, idle or not.
  mutating func wakeAll() {
    wakeIdle()
    for source in board.peers.numbers { wake(source) }
  }

  mutating func stopWaiting(_ source: PeerNumber) {
    guard let place = board.peers.place(of: source) else { return }
    board.peers.dealings[place].lane.isIdle = false
    supply.lanes.remove(source)
  }

  private mutating func wakeIdle(at index: Int) {
    guard let source = supply.lanes.take(at: index) else { return }
    if let place = board.peers.place(of: source) {
      board.peers.dealings[place].lane.isIdle = false
    }
    wake(source)
  }

  /// Lets the fastest idle lane pull, because it gives memory back soonest; if it has no use for
  /// the work, a few more may try.
  mutating func wakeOneIdle() {
    supply.lanes.beginChain()
    wakeIdle(at: fastestIdle)
  }

  /// Lets the fastest idle lane pull, if its source brings a good part of everything.
  ///
  /// Among many equally slow peers the moment does not matter, but requesting a block twice does.
  mutating func wakeMainSource(now: Instant) {
    for place in board.peers.numbers.indices { refreshRate(place, now: now) }
    let index = fastestIdle
    guard index < supply.lanes.queue.count, board.isMainSource(supply.lanes.queue[index]) else {
      return
    }
    wakeIdle(at: index)
  }

  /// Lets the next idle lane pull as long as there are free blocks, after one has found something.
  ///
  /// A peer that may owe only two or three blocks leaves the rest of a piece to others.
  private mutating func passOnWork() {
    guard !supply.lanes.queue.isEmpty, board.hasFreeBlocks else { return supply.lanes.endChain() }
    supply.lanes.beginChain()
    wakeIdle(at: 0)
  }

  /// The index of the fastest among the lanes that have waited longest.
  private var fastestIdle: Int {
    var best = (index: 0, rate: -1.0)
    for index in 0..<min(supply.lanes.queue.count, supply.lanes.policy.looks) {
      let rate = board.rate(of: supply.lanes.queue[index])
      if rate > best.rate { best = (index, rate) }
    }
    return best.index
  }
}
