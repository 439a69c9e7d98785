import Networking
import PeerWire
import Primitives
import Swarm

// The claimer: from the lane to requests.

extension PeerConnection {
  /// This peer's end of the work queue.
  ///
  /// Each lane is a stream of its own that asks the exchange at the moment of the pull: a stream that
  /// several tasks share ends for all of them when one is cancelled, and would have decided too
  /// early who works on what.
  private var lane: AsyncStream<Claim> {
    AsyncStream(unfolding: { await self.nextClaim() })
  }

  /// Pulls pieces for as long as the peer lives, and has their blocks requested.
  ///
  /// A window that is being filled takes as many more as it needs in the same turn: if each had to
  /// wait for a turn, what a deep window brings at once would be read, and idle, before its refill.
  func claimPieces() async {
    for await claim in lane {
      var next: Claim? = claim
      while let claim = next {
        // One that brought no request could be offered again and again; the next one takes a turn.
        let isUsed = swarm.exchange.use(claim, for: number, now: clock.now)
        swarm.drain()
        guard isUsed, end == nil, swarm.exchange.isRefilling(number) else { break }
        next = pull()
      }
    }
  }

  /// Waits until there is a piece for this peer; nil when the lane ends.
  ///
  /// The requests for the pieces before it leave together, when there is no other piece.
  private func nextClaim() async -> Claim? {
    while end == nil {
      if let claim = pull() { return claim }
      isLaneDue = false
      flush()
      guard await wakeups.lane.wait() else { return nil }
    }
    return nil
  }

  private func pull() -> Claim? {
    swarm.lookAtBudgets()
    let claim = swarm.exchange.pull(number, now: clock.now)
    swarm.drain()
    return claim
  }
}
