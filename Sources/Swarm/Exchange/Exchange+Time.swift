package import Primitives

// The consequences of time alone.

extension Exchange {
  /// Measures rates, takes back late requests and fills windows; call it twice a second.
  ///
  /// - Parameters:
  ///   - someoneWaits: True if a peer could be dialled if there were room.
  ///   - now: The time.
  package mutating func tick(someoneWaits: Bool, now: Instant) {
    for peer in board.peers.numbers.sorted() { tick(peer, now: now) }
    wakeIdle()
    if schedule.rechokes.takeRegular(now: now), isKnown {
      rechoke(now: now)
      review(someoneWaits: someoneWaits, now: now)
    }
    timePassed(now: now)
  }

  /// Takes the decisions that are due; call it when `deadline` has passed.
  package mutating func timePassed(now: Instant) {
    if schedule.rechokes.isDue(now: now) { rechoke(now: now) }
    if schedule.retry.takeDue(now: now) { wakeMainSource(now: now) }
  }

  private mutating func tick(_ peer: PeerNumber, now: Instant) {
    guard let place = board.peers.place(of: peer), board.peers.dealings[place].kind == .peer,
      !board.peers.dealings[place].lane.isClosed
    else { return }
    let becameSnubbed = board.peers.dealings[place].window.tick(now: now)
    refreshRate(place, now: now)
    board.peers.dealings[place].window.share = share(of: peer)
    countOwed(place)
    if becameSnubbed { wakeIdle() }
    if board.peers.dealings[place].window.isStalled(now: now) { return end(peer, .stalled) }
    // While the disk is behind we don't read, so the silence is ours.
    if !supply.backlog.isBehind { askAnew(peer, place, now: now) }
    fill(peer, now: now)
  }

  /// Takes requests back that the peer has forgotten, so that they can be made again.
  private mutating func askAnew(_ peer: PeerNumber, _ place: Int, now: Instant) {
    let forgotten = board.peers.dealings[place].window.takeForgotten(now: now)
    guard !forgotten.isEmpty else { return }
    for block in forgotten {
      actions.append(.cancel(block, of: peer))
      board.release(block, by: peer)
    }
    wakeIdle()
  }

  mutating func refreshRate(_ place: Int, now: Instant) {
    let isLate =
      board.peers.dealings[place].kind == .peer
      ? board.peers.dealings[place].window.isSnubbed : board.peers.records[place].isSnubbed
    board.updatePeer(
      board.peers.numbers[place], rate: board.peers.dealings[place].downloaded.rate(now: now),
      isSnubbed: isLate)
  }
}
