package import Primitives

// Periodic work.

extension DHTMachine {
  private static let upkeepInterval = Duration.seconds(5)
  /// The number of unverified nodes pinged in one round.
  private static let pingsPerRound = 3
  /// The pause before the next search for our own id that uses routers; it doubles each time.
  private static let firstJoinPause = Duration.seconds(5)
  private static let longestJoinPause = Duration.seconds(300)

  /// Does the work that is due.
  package mutating func tick(now: Instant) {
    while let transaction = transactions.nextSlow(now: now) { searches.slowed(transaction) }
    while let transaction = transactions.nextFailed(now: now) { timedOut(transaction, now: now) }
    if now >= nextUpkeep {
      nextUpkeep = now + Self.upkeepInterval
      for side in sides.indices { keepUp(side, now: now) }
    }
    advance(now: now)
  }

  private mutating func keepUp(_ side: Int, now: Instant) {
    sides[side].store.expire(now: now)
    for _ in 0..<Self.pingsPerRound {
      guard quota.canQuery(now: now), let stranger = sides[side].nextStranger() else { break }
      ping(stranger.endpoint, id: stranger.id, side: side, now: now)
    }
    if quota.canQuery(now: now), let node = sides[side].table.nextToPing(now: now) {
      ping(node.endpoint, id: node.id, side: side, now: now)
    }
    join(side, now: now)
    guard !searches.isFilling(side), !sides[side].isLonely,
      let target = sides[side].table.nextRefresh(now: now, using: &random)
    else { return }
    _ = searches.begin(.nodes, sides[side].lookup(for: target), side: side)
  }

  /// Searches for our own id, which makes us known to our neighbours.
  ///
  /// This happens once there is a node to start from, and again while the table has too few nodes.
  mutating func join(_ side: Int, now: Instant) {
    let isFirst = sides[side].joins == 0
    guard sides[side].hasBeginning, isFirst || sides[side].isLonely, now >= sides[side].nextJoin,
      !searches.isFilling(side)
    else { return }
    let lookup = sides[side].lookup(for: sides[side].table.ownID)
    guard searches.begin(.nodes, lookup, side: side) != nil else { return }
    sides[side].joins += 1
    let doublings = min(sides[side].joins - 1, 8)
    sides[side].nextJoin =
      now + min(Self.firstJoinPause * (1 << doublings), Self.longestJoinPause)
    advance(now: now)
  }
}
