import Primitives

/// The spells in which one peer serves us, each from an unchoke to the next choke.
///
/// A peer may choke and unchoke us in any rhythm, and delivers what its rate allows while it serves
/// us. Each choke takes all requests back. The number of requests at the start of a spell therefore
/// depends on what the spell before delivered, and the number of spells in which we request
/// anything is limited. Otherwise a peer could provoke thousands of requests, again and again, with
/// two messages of five bytes.
struct ChokeSpells: Sendable {
  /// The limits on requests to a peer that keeps choking us.
  struct Policy: Sendable {
    /// The shortest average time from one spell to the next at which we make requests in each
    /// spell.
    ///
    /// The fastest rhythm that delivers anything on a usual path, 50 ms on and 50 ms off, takes
    /// 100 ms.
    var shortestCycle = Duration.milliseconds(40)
    /// The number of spells in which we make requests regardless of their rhythm: a second of them.
    var burst = 25
    /// The ratio of the requests at the start of a spell to the blocks that the last one delivered.
    ///
    /// With two, a spell twice as long as the last one does not run dry during a round trip.
    var growthPerSpell = 2
    /// The number of requests at the start of any spell, enough to hide a round trip.
    var leastBlocks = RequestWindow.initialTarget
    /// The number of requests that each block adds.
    ///
    /// A spell that lasts gets back to the full window as fast as a new peer's first spell.
    var growthPerBlock = RequestWindow.growth
    /// The time after a choke in which the next one may come soon.
    ///
    /// Readers let a slow peer's bytes accumulate for up to 0.35 s. To notice a choke and an
    /// unchoke so late costs a large part of a short spell.
    var unsteadyTime = Duration.seconds(2)
  }

  private let policy: Policy
  /// The number of blocks that this spell has delivered.
  private var brought = 0
  /// A Boolean value indicating whether this spell has seen a request.
  private var hasAsked = false
  /// The time at which the next spell with requests is due at the shortest cycle.
  private var due = Instant.zero
  private var latestChoke: Instant?
  /// The number of blocks that the peer may owe in this spell.
  private(set) var limit = Int.max

  init(policy: Policy = Policy()) {
    self.policy = policy
  }

  /// Returns whether the rhythm allows a request now.
  @inline(__always)
  func mayAsk(now: Instant) -> Bool {
    hasAsked || due <= now + policy.shortestCycle * (policy.burst - 1)
  }

  /// Records a request.
  mutating func asked(now: Instant) {
    guard !hasAsked else { return }
    hasAsked = true
    due = max(due, now) + policy.shortestCycle
  }

  /// Records the arrival of an owed block.
  mutating func answered() {
    brought += 1
    if limit < .max - policy.growthPerBlock { limit += policy.growthPerBlock }
  }

  /// Records a choke, the end of the spell.
  mutating func choked(now: Instant) {
    limit = policy.leastBlocks + policy.growthPerSpell * min(brought, 1 << 20)
    brought = 0
    hasAsked = false
    latestChoke = now
  }

  /// Returns whether the next choke is not expected soon.
  @inline(__always)
  func isSteady(now: Instant) -> Bool {
    latestChoke.map { now - $0 >= policy.unsteadyTime } ?? true
  }
}
