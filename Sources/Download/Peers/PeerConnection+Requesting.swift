import Networking
import PeerWire
import Primitives
import Swarm

// The claimer: from the lane to requests.

extension PeerConnection {
  /// This peer's end of the work queue.
  ///
  /// Each lane is a stream of its own that asks the exchange at the moment of the pull. A stream
  /// that several tasks share would end for all of them when one is cancelled, and would decide too
  /// early which peer works on a piece.
  private var lane: AsyncStream<Claim> {
    AsyncStream(unfolding: { await self.nextClaim() })
  }

  /// Pulls pieces for as long as the peer lives, and has their blocks requested.
  ///
  /// A window that is being filled takes as many more as it needs in the same turn. If each had to
  /// wait for a turn, a deep window would be read empty before its refill.
  func claimPieces() async {
    for await claim in lane {
      // Others may have taken its blocks since the pull, so it need not lead to a request.
      swarm.exchange.use(claim, for: number, now: clock.now)
      swarm.drain()
      while end == nil, swarm.exchange.isRefilling(number), let next = pull() {
        let isUsed = swarm.exchange.use(next, for: number, now: clock.now)
        swarm.drain()
        // A claim without a request could be offered again and again, so the next one waits a turn.
        guard isUsed else { break }
      }
    }
  }

  /// Waits until there is a piece for this peer; nil when the lane ends.
  ///
  /// If there is no other piece, the requests for the pieces before it leave together.
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
