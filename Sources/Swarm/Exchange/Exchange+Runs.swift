package import Primitives

// Runs of blocks for a web seed, which delivers bytes one after the other.

extension Exchange {
  /// Returns the next piece for a web seed, begun at its front where that is possible.
  ///
  /// - Parameters:
  ///   - source: The connection to the web seed.
  ///   - depth: The number of blocks that the run may have.
  ///   - now: The time.
  /// - Returns: The claim, or nil if there is nothing for the web seed.
  package mutating func pullRun(_ source: PeerNumber, depth: Int, now: Instant) -> Claim? {
    guard let place = board.peers.place(of: source) else { return nil }
    return claim(for: source, at: place, depth: depth, now: now).map {
      board.startOfRun($0, for: source)
    }
  }

  /// Claims the piece behind another one, if nothing of it is here or owed and there is room for
  /// it.
  package mutating func extendRun(after piece: PieceIndex, for source: PeerNumber) -> Claim? {
    claimWhole(PieceIndex(piece.value + 1), for: source)
  }

  /// Claims the first such piece from `start` on.
  package mutating func pullWhole(_ source: PeerNumber, from start: Int = 0) -> Claim? {
    firstWhole(for: source, from: start).flatMap { claimWhole($0, for: source) }
  }

  /// Returns the piece that `pullWhole` would claim if there is room.
  package func firstWhole(for source: PeerNumber, from start: Int) -> PieceIndex? {
    isOver ? nil : board.firstWhole(for: source, from: start)
  }

  private mutating func claimWhole(_ piece: PieceIndex, for source: PeerNumber) -> Claim? {
    guard !isOver, piece.value < board.geometry.pieceCount else { return nil }
    // A piece that was begun and given back has its room already.
    let hasRoom = board.isActive(piece)
    guard hasRoom || supply.room.mayReserve(peers: board.peers.count),
      let claim = board.claimWhole(piece, for: source)
    else { return nil }
    if !hasRoom { reserve(piece) }
    return claim
  }

  /// Lets the source's lane pull when there may be room for one more piece.
  package mutating func awaitRoom(_ source: PeerNumber) {
    guard let place = board.peers.place(of: source), !board.peers.dealings[place].lane.isIdle
    else { return }
    board.peers.dealings[place].lane.isIdle = true
    supply.lanes.append(source)
  }

  /// Requests the next block of a claim; returns nil if the claim has none, or none any more.
  package mutating func nextOfRun(
    _ claim: Claim, for source: PeerNumber, now: Instant
  ) -> BlockRequest? {
    guard let place = board.peers.place(of: source),
      let request = board.nextRequest(of: claim, for: source, now: now)
    else { return nil }
    board.peers.dealings[place].window.requested(
      request.block, isDuplicate: request.isDuplicate, now: now)
    return request
  }

  /// Takes back requests that the source does not answer.
  package mutating func takeBack(_ blocks: [Block], from source: PeerNumber, now: Instant) {
    guard let place = board.peers.place(of: source), !blocks.isEmpty else { return }
    for block in blocks {
      _ = board.peers.dealings[place].window.cancelled(block, now: now)
      board.release(block, by: source)
    }
    wakeIdle()
  }

  /// Gives a claim back.
  package mutating func giveBack(_ claim: Claim, by source: PeerNumber, now: Instant) {
    if let place = board.peers.place(of: source) {
      let owed = board.peers.dealings[place].window.ledger.requests.map(\.block)
      for block in owed where block.piece == claim.piece {
        _ = board.peers.dealings[place].window.cancelled(block, now: now)
      }
    }
    board.giveBack(claim.piece, by: source)
    wakeIdle()
  }

  /// Records whether a web seed lets its current run wait.
  package mutating func setLate(_ source: PeerNumber, _ isLate: Bool, now: Instant) {
    guard let place = board.peers.place(of: source) else { return }
    let rate = board.peers.dealings[place].downloaded.rate(now: now)
    board.updatePeer(source, rate: rate, isSnubbed: isLate)
    if isLate { wakeIdle() }
  }

  /// Returns the rate of a source, in bytes per second.
  package func rate(of source: PeerNumber, now: Instant) -> Double {
    board.peers.place(of: source).map { board.peers.dealings[$0].downloaded.rate(now: now) } ?? 0
  }
}
