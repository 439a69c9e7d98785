package import Primitives

// The sources, the pieces that they have, and whether they serve us.

extension Exchange {
  /// Adds a source of blocks.
  package mutating func join(_ source: PeerNumber, kind: SourceKind = .peer, now: Instant) {
    guard !board.peers.contains(source) else { return }
    let window = RequestWindow(
      pinned: settings.pipeline, blockLength: board.geometry.blockLength)
    board.peerJoined(source, Dealings(kind: kind, joined: now, window: window))
    if kind == .peer { board.setChoking(source, true) }
    // A peer can unchoke us while the metadata is fetched, which saves a round trip later.
    if kind == .peer, !isKnown { setInterest(in: source, true) }
    guard let place = board.peers.place(of: source) else { return }
    board.peers.dealings[place].window.share = share(of: source)
  }

  /// Stops requesting anything of a source whose connection ends; it stays until it has left.
  package mutating func part(_ source: PeerNumber) {
    guard let place = board.peers.place(of: source) else { return }
    board.peers.dealings[place].lane.isClosed = true
    countOwed(place)
  }

  /// Removes a source: the blocks that it owed are requested from others.
  package mutating func leave(_ source: PeerNumber, now: Instant) {
    part(source)
    guard let place = board.peers.place(of: source) else { return }
    let dealings = board.peers.dealings[place]
    past.add(dealings)
    _ = board.peers.dealings[place].uploads.takeBack()
    board.peerLeft(source)
    if dealings.lane.isIdle { supply.lanes.remove(source) }
    if dealings.isInterested { rechokeSoon(now: now) }
    wakeIdle()
  }

  /// Records that a peer has one more piece.
  package mutating func has(_ peer: PeerNumber, _ piece: PieceIndex) {
    board.peerHas(peer, piece)
    availabilityChanged(of: peer)
  }

  /// Records that a source has these pieces, besides those that it had before.
  package mutating func has(_ source: PeerNumber, _ pieces: Bitfield) {
    board.peerHas(source, pieces)
    availabilityChanged(of: source)
  }

  private mutating func availabilityChanged(of source: PeerNumber) {
    updateInterest(in: source)
    wake(source)
    guard isKnown, board.isComplete, board.isSeed(source) else { return }
    end(source, .nothingToExchange)
  }

  /// Records that a peer wants nothing more, even if it lacks pieces (BEP 21), or that it does
  /// again.
  package mutating func uploadOnly(_ peer: PeerNumber, _ isUploadOnly: Bool) {
    guard let place = board.peers.place(of: peer) else { return }
    board.peers.dealings[place].isUploadOnly = isUploadOnly
    if isUploadOnly, isKnown, board.isComplete { end(peer, .nothingToExchange) }
  }

  /// Records the number of requests that a peer queues (`reqq`, BEP 10).
  package mutating func queues(_ peer: PeerNumber, _ requests: Int) {
    guard let place = board.peers.place(of: peer) else { return }
    board.peers.dealings[place].window.peerQueues(requests)
  }

  // MARK: - Choking

  /// Records that a peer chokes us: it drops what it owes, and its claims wait for it.
  ///
  /// Only one idle lane is woken, and wakes the next one if it leaves free blocks. Otherwise a peer
  /// that chokes us all the time would have all lanes search for work each time.
  package mutating func choked(by peer: PeerNumber, now: Instant) {
    guard let place = board.peers.place(of: peer), !board.peers.records[place].isChoking else {
      return
    }
    let blocks = board.peers.dealings[place].window.choked(now: now)
    board.choked(peer, returning: blocks)
    // A choked lane finds nothing, and would not wake the next one.
    if board.peers.dealings[place].lane.isIdle { stopWaiting(peer) }
    if board.hasFreeBlocks { wakeOneIdle() }
    countOwed(place)
  }

  /// Records that a peer unchokes us: it continues its claims.
  package mutating func unchoked(by peer: PeerNumber, now: Instant) {
    guard let place = board.peers.place(of: peer), board.peers.records[place].isChoking else {
      return
    }
    board.peers.dealings[place].window.unchoked(now: now)
    board.unchoked(peer)
    wake(peer)
  }

  /// Returns whether a peer chokes us.
  package func isChoking(_ peer: PeerNumber) -> Bool { board.peers[peer]?.isChoking ?? true }

  // MARK: - Interest

  /// Tells the peers that have nothing for us, once those that had pieces at the beginning have
  /// said so.
  package mutating func reviewInterest() {
    for peer in board.peers.numbers { updateInterest(in: peer) }
  }

  mutating func updateInterest(in peer: PeerNumber) {
    guard isKnown else { return }
    setInterest(in: peer, board.isInteresting(peer))
  }

  private mutating func setInterest(in peer: PeerNumber, _ isInteresting: Bool) {
    guard let place = board.peers.place(of: peer), board.peers.dealings[place].kind == .peer,
      board.peers.dealings[place].amInterested != isInteresting
    else { return }
    board.peers.dealings[place].amInterested = isInteresting
    actions.append(.interest(peer, isInteresting))
  }

  // MARK: - Ends

  /// Ends a connection; nothing is requested of the peer from now on.
  mutating func end(_ peer: PeerNumber, _ parting: ExchangeAction.Parting) {
    guard let place = board.peers.place(of: peer), !board.peers.dealings[place].lane.isClosed
    else { return }
    part(peer)
    actions.append(.close(peer, parting))
  }
}
