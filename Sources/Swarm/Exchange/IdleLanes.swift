import Primitives

/// The lanes that found nothing to do, in the order in which they asked.
struct IdleLanes: Sendable {
  /// The numbers that bound how many lanes are woken for one reason.
  struct Policy: Sendable {
    /// The number of idle lanes that are tried in vain for the room that one piece has left.
    ///
    /// With hundreds of idle peers, waking all of them for one free buffer would cost more than the
    /// piece.
    var tries = 8
    /// The number of idle lanes among which the fastest is sought.
    var looks = 64
  }

  let policy = Policy()
  private(set) var queue = Fifo<PeerNumber>()
  /// The number of idle lanes that may still be tried in vain.
  private(set) var chain = 0

  mutating func append(_ peer: PeerNumber) { queue.append(peer) }

  mutating func remove(_ peer: PeerNumber) {
    let elements = queue.elements
    guard let index = elements.firstIndex(of: peer) else { return }
    queue.remove(at: index - elements.startIndex)
  }

  mutating func take(at index: Int) -> PeerNumber? {
    guard index < queue.count else { return nil }
    defer { queue.remove(at: index) }
    return queue[index]
  }

  mutating func beginChain() { chain = min(policy.tries, queue.count - 1) }

  mutating func endChain() { chain = 0 }

  /// Takes one try off; returns false if there is none left.
  mutating func takeTry() -> Bool {
    guard chain > 0 else { return false }
    chain -= 1
    return true
  }
}
