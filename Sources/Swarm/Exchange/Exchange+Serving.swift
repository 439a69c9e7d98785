package import Primitives

// The requests of peers, and the choice of the peers that are served.

extension Exchange {
  /// Records that a peer wants what we have, or no longer does.
  package mutating func interested(_ peer: PeerNumber, _ isInterested: Bool, now: Instant) {
    guard let place = board.peers.place(of: peer),
      board.peers.dealings[place].isInterested != isInterested
    else { return }
    board.peers.dealings[place].isInterested = isInterested
    if !isInterested { _ = board.peers.dealings[place].uploads.takeBack() }
    rechokeSoon(now: now)
  }

  /// Records a peer's request.
  ///
  /// A request that was sent before our choke arrived is refused, as BEP 3 has it, and so is one
  /// for a piece that we don't have.
  package mutating func requested(_ block: Block, by peer: PeerNumber) {
    guard let place = board.peers.place(of: peer) else { return }
    guard isKnown, !board.peers.dealings[place].amChoking, kept.contains(block.piece) else {
      return board.peers.dealings[place].uploads.refused(block)
    }
    guard board.peers.dealings[place].uploads.asked(for: block) else {
      return end(peer, .tooManyRequests(limit: UploadLedger.limit))
    }
    if board.peers.dealings[place].uploads.waitingCount == 1 { actions.append(.serve(peer)) }
  }

  /// Records that a peer no longer wants a block.
  package mutating func cancelled(_ block: Block, by peer: PeerNumber) {
    guard let place = board.peers.place(of: peer) else { return }
    board.peers.dealings[place].uploads.cancelled(block)
  }

  /// Takes the oldest requests of a peer, up to about `bytes` bytes, to read their blocks.
  package mutating func takeUploads(for peer: PeerNumber, upTo bytes: Int) -> [Block] {
    guard let place = board.peers.place(of: peer) else { return [] }
    return board.peers.dealings[place].uploads.takeBatch(upTo: bytes)
  }

  /// Records that blocks were read; returns those that are to be sent, and counts them.
  package mutating func uploaded(
    _ blocks: [Block], to peer: PeerNumber, now: Instant
  ) -> [Block] {
    guard let place = board.peers.place(of: peer) else { return [] }
    let sent = board.peers.dealings[place].uploads.served(blocks)
    let length = sent.reduce(0) { $0 + $1.length }
    board.peers.dealings[place].uploaded.add(bytes: length, now: now)
    return sent
  }

  // MARK: - Choking

  /// Decides who may download from us, now or as soon as the last decision is old enough.
  mutating func rechokeSoon(now: Instant) {
    guard isKnown, !isOver else { return }
    if schedule.rechokes.request(now: now) { rechoke(now: now) }
  }

  /// Decides who may download from us.
  mutating func rechoke(now: Instant) {
    schedule.rechokes.decided(now: now)
    let rows = peerRows
    let candidates = rows.map { number, place in
      Choker.Candidate(
        peer: number, isInterested: board.peers.dealings[place].isInterested,
        downloadRate: board.peers.dealings[place].downloaded.rate(now: now),
        uploadRate: board.peers.dealings[place].uploaded.rate(now: now),
        joined: board.peers.dealings[place].joined)
    }
    let unchoked = choker.rechoke(candidates, isSeeding: board.isComplete, now: now)
    var index = 0
    for (number, place) in rows {
      while index < unchoked.count, unchoked[index] < number { index += 1 }
      let isUnchoked = index < unchoked.count && unchoked[index] == number
      setChoking(number, place, !isUnchoked)
    }
  }

  private mutating func setChoking(_ peer: PeerNumber, _ place: Int, _ isChoking: Bool) {
    guard board.peers.dealings[place].amChoking != isChoking else { return }
    board.peers.dealings[place].amChoking = isChoking
    if isChoking { _ = board.peers.dealings[place].uploads.takeBack() }
    actions.append(.choke(peer, isChoking))
  }

  /// The peers and their rows, without web seeds, in the order in which they joined.
  private var peerRows: [(number: PeerNumber, place: Int)] {
    board.peers.numbers.enumerated().map { (number: $0.element, place: $0.offset) }
      .filter { board.peers.dealings[$0.place].kind == .peer }
      .sorted { $0.number < $1.number }
  }

  // MARK: - Turnover

  /// Ends the connections to peers that have nothing to exchange with a seed, and decides anew who
  /// may download.
  package mutating func beginSeeding(now: Instant) {
    for (number, place) in peerRows
    where board.isSeed(number) || board.peers.dealings[place].isUploadOnly {
      end(number, .nothingToExchange)
    }
    rechoke(now: now)
  }

  /// Sets the number of peers from which on those of no use are sent away.
  package mutating func limitPeers(to count: Int) { settings.maximumPeers = count }

  /// Sends the least useful peers away, because other torrents have too few.
  package mutating func makeRoom(for count: Int, now: Instant) {
    let rows = peerRows.filter { !board.peers.dealings[$0.place].lane.isClosed }
    let ranked = rows.map { number, place in
      let dealings = board.peers.dealings[place]
      let isOfUse = dealings.amInterested || dealings.isInterested
      let rate = dealings.downloaded.rate(now: now) + dealings.uploaded.rate(now: now)
      return (number: number, isOfUse: isOfUse, rate: rate)
    }
    let least = ranked.sorted { left, right in
      if left.isOfUse != right.isOfUse { return right.isOfUse }
      return left.rate != right.rate ? left.rate < right.rate : left.number < right.number
    }
    for peer in least.prefix(count) { end(peer.number, .replaced) }
  }

  /// Sends peers away that are of no use while others wait.
  ///
  /// - Parameters:
  ///   - someoneWaits: True if a peer could be dialled if there were room.
  ///   - now: The time.
  mutating func review(someoneWaits: Bool, now: Instant) {
    let isSeeding = board.isComplete
    let candidates = peerRows.map { number, place in
      let dealings = board.peers.dealings[place]
      return PeerTurnover.Candidate(
        peer: number, isInteresting: dealings.amInterested || dealings.isInterested,
        rate: (isSeeding ? dealings.uploaded : dealings.downloaded).rate(now: now),
        joined: dealings.joined)
    }
    let verdict = turnover.review(
      candidates, limit: settings.maximumPeers, someoneWaits: someoneWaits, now: now)
    for peer in verdict.inactive { end(peer, .inactive) }
    for peer in verdict.replaced { end(peer, .replaced) }
  }
}
