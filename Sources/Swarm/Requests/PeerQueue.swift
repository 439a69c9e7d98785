import Primitives

/// The number of requests that a peer queues, as far as it is known.
///
/// A peer may say it (`reqq`, BEP 10). Otherwise it counts as proved once the peer has answered
/// half as many requests in order, because it drops none so far; and what a peer has kept of too
/// many requests tells how long its queue is.
struct PeerQueue: Sendable {
  /// The number of requests that may be outstanding.
  private(set) var cap: Int
  /// The length of the queue that the peer has said or shown.
  private(set) var known: Int?
  /// The number of blocks that arrived in the order of their requests since `cap` last grew.
  private var answeredInOrder = 0
  /// The shortest time from a request to its block so far.
  private var shortestTrip: Duration?

  init(cap: Int) {
    self.cap = max(1, cap)
  }

  /// Records the length of the queue.
  mutating func limit(to length: Int) {
    known = length
    cap = length
  }

  /// Learns from an answer that took `trip`.
  mutating func learn(isInOrder: Bool, trip: Duration) {
    shortestTrip = min(shortestTrip ?? trip, trip)
    guard known == nil, cap >= RequestWindow.defaultCap, cap < provableCap else { return }
    answeredInOrder = isInOrder ? answeredInOrder + 1 : 0
    guard answeredInOrder >= cap / 2 else { return }
    cap = min(2 * cap, provableCap)
    answeredInOrder = 0
  }

  private var provableCap: Int {
    shortestTrip.map { $0 > RequestWindow.farTrip } == true
      ? RequestWindow.farCap : RequestWindow.provenCap
  }
}
