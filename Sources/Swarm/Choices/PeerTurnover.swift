package import Primitives

/// Decides whom a full house sends away, so that better ones get their chance.
///
/// Peers that want nothing of us and have nothing for us for a long time go when there is no room
/// left; and every few minutes the least useful few make room for others that are waiting.
package struct PeerTurnover: Sendable {
  /// The time for which both sides may want nothing of each other while others wait.
  package static let inactivityLimit = Duration.seconds(600)
  /// The interval at which the least useful peers are replaced.
  package static let interval = Duration.seconds(300)
  /// The number of a hundred peers that are replaced each time.
  package static let percentage = 4
  /// The time that a peer has to show its worth.
  package static let trial = Duration.seconds(120)

  /// The facts about one peer on which the choice depends.
  package struct Candidate: Sendable {
    /// The peer.
    package let peer: PeerNumber
    /// A Boolean value indicating whether one side wants something of the other.
    package let isInteresting: Bool
    /// The rate at which it brings data, or takes it if we have everything, in bytes per second.
    package let rate: Double
    /// The time at which it was connected.
    package let joined: Instant

    /// Puts the facts about one peer together.
    package init(peer: PeerNumber, isInteresting: Bool, rate: Double, joined: Instant) {
      self.peer = peer
      self.isInteresting = isInteresting
      self.rate = rate
      self.joined = joined
    }
  }

  /// The peers that have to go.
  package struct Verdict: Equatable, Sendable {
    /// Those with whom nothing was exchanged for too long.
    package var inactive: [PeerNumber] = []
    /// The peers that make room for others.
    package var replaced: [PeerNumber] = []

    /// Creates a verdict by which nobody has to go.
    package init() {}
  }

  private var lastTurnover: Instant
  /// The time since which both sides want nothing; looked up by peer only.
  private var idleSince: [PeerNumber: Instant] = [:]

  /// Begins to watch.
  package init(now: Instant) {
    lastTurnover = now
  }

  /// Looks at everybody who is connected, in a fixed order; call it every few seconds.
  ///
  /// - Parameters:
  ///   - peers: The connected peers.
  ///   - limit: The number of peers that may be connected.
  ///   - someoneWaits: True if somebody could be dialled if there were room.
  ///   - now: The time.
  /// - Returns: The peers that have to go.
  package mutating func review(
    _ peers: [Candidate], limit: Int, someoneWaits: Bool, now: Instant
  ) -> Verdict {
    var idle: [PeerNumber: Instant] = [:]
    for candidate in peers where !candidate.isInteresting {
      idle[candidate.peer] = idleSince[candidate.peer] ?? now
    }
    idleSince = idle
    var verdict = Verdict()
    if peers.count >= limit {
      verdict.inactive = peers.map(\.peer).filter { peer in
        idle[peer].map { now - $0 >= Self.inactivityLimit } ?? false
      }
    }
    guard someoneWaits, peers.count >= limit - limit / 10, now - lastTurnover >= Self.interval
    else { return verdict }
    lastTurnover = now
    let least = peers.filter { now - $0.joined >= Self.trial }.sorted { left, right in
      if left.isInteresting != right.isInteresting { return !left.isInteresting }
      return left.rate != right.rate ? left.rate < right.rate : left.peer < right.peer
    }
    let room = peers.count * Self.percentage / 100 - verdict.inactive.count
    verdict.replaced = least.map(\.peer).filter { !verdict.inactive.contains($0) }
      .prefix(max(0, room)).map(\.self)
    return verdict
  }
}
