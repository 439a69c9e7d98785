import Networking
import PeerWire
import Primitives
import Swarm

// The claimer: from the lane to requests.

extension PeerSession {
  /// This peer's end of the work queue.
  ///
  /// Each lane is a stream of its own that asks the board at the moment of the pull: a stream that
  /// several tasks share ends for all of them when one is cancelled, and would have decided too
  /// early who works on what.
  private var lane: AsyncStream<Claim> {
    AsyncStream(unfolding: { await self.nextClaim() })
  }

  /// Pulls pieces for as long as the peer lives, and asks for their blocks.
  ///
  /// A window that is being filled takes as many more as it needs in the same turn: if each had to
  /// wait for a turn, what a deep window brings at once would be read, and idle, before its refill.
  func claimPieces() async {
    for await claim in lane {
      use(claim)
      while end == nil, isRefilling, wantsClaim, let next = work.claim(for: self, now: clock.now) {
        let before = window.count
        use(next)
        // One that brought no request could be offered again and again; the next one takes a turn.
        guard window.count > before else { break }
      }
    }
  }

  private func use(_ claim: Claim) {
    claims.append(claim)
    requestBlocks()
  }

  /// Waits until there is a piece for this peer; nil when the lane ends.
  ///
  /// What the pieces before it made us ask for leaves in one go, when there is no other piece.
  private func nextClaim() async -> Claim? {
    while end == nil, !work.isClosed {
      if wantsClaim, let claim = work.claim(for: self, now: clock.now) { return claim }
      flush()
      guard await laneWakeup.wait() else { return nil }
    }
    return nil
  }

  /// The next piece is pulled as soon as the window has room that the pieces at hand don't fill, so
  /// the pipe does not run dry at a piece's border.
  private var wantsClaim: Bool {
    machine.amInterested && mayAsk && claims.count < work.claimDepth && room > 0
  }

  /// A Boolean value indicating whether the peer serves us, and has not choked us too often lately.
  private var mayAsk: Bool { !machine.peerChoking && window.mayAsk(now: clock.now) }

  /// Asks for blocks of the claimed pieces until the window is full.
  ///
  /// A deep window is refilled when an eighth of it is free, and then to the brim, however many
  /// claims that takes: one send for many blocks costs both sides less, and the rest of the window
  /// keeps the pipe full meanwhile. Returns whether the lane was woken to
  /// fill what is left; it sends what is asked for when it is done.
  @discardableResult
  func requestBlocks() -> Bool {
    guard end == nil, mayAsk else { return false }
    let depth = min(window.target, limiter?.quota.limit ?? .max)
    if room >= max(1, depth / 8) { isRefilling = true }
    guard isRefilling else { return false }
    defer { countOwed() }
    let now = clock.now
    while room > 0, let claim = claims.popFirst() {
      if takeTurn(claim, now: now) { claims.append(claim) }
    }
    if room == 0 { isRefilling = false }
    guard wantsClaim, !isIdle else { return false }
    laneWakeup.fire()
    return true
  }

  /// How many blocks of one claim are asked for before the next claim has its turn.
  private static let turnBlocks = 8

  /// Asks for some blocks of a claim; returns whether it may have more.
  private func takeTurn(_ claim: Claim, now: Instant) -> Bool {
    for _ in 0..<min(room, Self.turnBlocks) {
      guard let request = work.nextRequest(of: claim, for: number, now: now) else { return false }
      window.requested(request.block, isDuplicate: request.isDuplicate, now: now)
      machine.say(.request(request.block))
    }
    return true
  }
}
