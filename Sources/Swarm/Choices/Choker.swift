package import Primitives

/// Decides who may download from us (BEP 3 §choking).
///
/// While we download, the slots go to those who give us most, and one, the optimistic slot, goes
/// round so that newcomers get their chance; a peer that gives nothing has no other. At a seed,
/// slots go round as well: a peer that has had one for a while makes room. Free slots are given at
/// once.
package struct Choker: Sendable {
  /// The time for which the optimistic slot stays with one peer.
  package static let optimisticInterval = Duration.seconds(30)
  /// The time for which a leecher keeps its slot at a seed when others wait.
  package static let seedingTurn = Duration.seconds(60)

  /// The facts about one peer on which the choice depends.
  package struct Candidate: Sendable {
    /// The peer.
    package let peer: PeerNumber
    /// A Boolean value indicating whether it wants something that we have.
    package let isInterested: Bool
    /// The rate at which it gives us data, in bytes per second.
    package let downloadRate: Double
    /// The rate at which we give it data, in bytes per second.
    package let uploadRate: Double
    /// The time at which it was connected.
    package let joined: Instant

    /// Puts the facts about one peer together.
    package init(
      peer: PeerNumber, isInterested: Bool, downloadRate: Double, uploadRate: Double,
      joined: Instant
    ) {
      self.peer = peer
      self.isInterested = isInterested
      self.downloadRate = downloadRate
      self.uploadRate = uploadRate
      self.joined = joined
    }
  }

  private let slots: Int
  private var random: SeededRandom
  private var optimistic: PeerNumber?
  private var optimisticSince = Instant.zero
  /// The time since which each unchoked peer has its slot; looked up by peer only.
  private var since: [PeerNumber: Instant] = [:]
  /// The peers that wait for a slot at a seed, the longest first.
  private var queue: [PeerNumber] = []

  /// Creates a choker with so many slots, the optimistic one among them.
  package init(slots: Int = 8, random: SeededRandom) {
    self.slots = max(1, slots)
    self.random = random
  }

  /// Returns the peers that are unchoked from now on, sorted; call it every ten seconds and when
  /// interest changes.
  package mutating func rechoke(
    _ peers: [Candidate], isSeeding: Bool, now: Instant
  ) -> [PeerNumber] {
    let interested = peers.filter(\.isInterested)
    let chosen: [PeerNumber]
    if interested.count <= slots {
      chosen = interested.map(\.peer)
    } else if isSeeding {
      chosen = inTurns(interested, now: now)
    } else {
      chosen = byRate(interested, now: now)
    }
    var kept: [PeerNumber: Instant] = [:]
    for peer in chosen { kept[peer] = since[peer] ?? now }
    since = kept
    return chosen.sorted()
  }

  /// Returns the best givers, and one by chance.
  private mutating func byRate(_ interested: [Candidate], now: Instant) -> [PeerNumber] {
    let givers = interested.filter { $0.downloadRate > 0 }
      .sorted { ($0.downloadRate, $1.peer) > ($1.downloadRate, $0.peer) }
    var chosen = givers.prefix(slots - 1).map(\.peer)
    let others = interested.map(\.peer).filter { !chosen.contains($0) }
    if now - optimisticSince >= Self.optimisticInterval
      || !others.contains(where: { $0 == optimistic })
    {
      // It goes round: the last holder comes again only when nobody else waits.
      let next = others.filter { $0 != optimistic }
      optimistic = (next.isEmpty ? others : next).randomElement(using: &random)
      optimisticSince = now
    }
    if let optimistic { chosen.append(optimistic) }
    return chosen
  }

  /// Peers with a slot keep it for their turn; then the one that has waited longest comes.
  private mutating func inTurns(_ interested: [Candidate], now: Instant) -> [PeerNumber] {
    var current: [PeerNumber] = []
    var expired: [PeerNumber] = []
    var newcomers: [PeerNumber] = []
    let waiting = Set(queue)
    var stillWaiting: Set<PeerNumber> = []
    for peer in interested.map(\.peer) {
      if let start = since[peer] {
        if now - start < Self.seedingTurn { current.append(peer) } else { expired.append(peer) }
      } else if waiting.contains(peer) {
        stillWaiting.insert(peer)
      } else {
        newcomers.append(peer)
      }
    }
    newcomers.shuffle(using: &random)
    for peer in expired { since[peer] = nil }
    queue = queue.filter(stillWaiting.contains) + newcomers + expired
    let free = max(0, slots - current.count)
    let chosen = current.prefix(slots) + queue.prefix(free)
    queue.removeFirst(min(free, queue.count))
    return Array(chosen)
  }
}
