import Primitives

/// An estimate of whether other nodes can reach us; an unreachable node is read-only (BEP 43).
///
/// A query from an address to which we have sent nothing recently proves that we are reachable,
/// because a NAT only admits traffic from addresses we have contacted. A node starts as reachable.
/// If no such query arrives for ten minutes, during which enough other nodes have replied to us, it
/// counts as unreachable until one does.
struct Reachability: Sendable {
  static let patience = Duration.seconds(600)
  static let enoughReplies = 30
  /// The maximum number of contacted addresses remembered.
  static let rememberedLimit = 2048

  private(set) var isReadOnly = false
  private var lastSign: Instant?
  private var replies = 0
  private var addressed: Set<IPAddress> = []
  private var order = Fifo<IPAddress>()

  /// Records that we send to an address.
  mutating func sent(to address: IPAddress) {
    guard addressed.insert(address).inserted else { return }
    order.append(address)
    if order.count > Self.rememberedLimit, let oldest = order.popFirst() {
      addressed.remove(oldest)
    }
  }

  /// Records a query from an address.
  mutating func received(from address: IPAddress, now: Instant) {
    guard !addressed.contains(address) else { return }
    lastSign = now
    replies = 0
    isReadOnly = false
  }

  /// Records a reply; after enough replies without a query from a stranger we count as unreachable.
  mutating func answered(now: Instant) {
    guard let since = lastSign else {
      lastSign = now
      return
    }
    replies += 1
    if replies >= Self.enoughReplies, now - since >= Self.patience { isReadOnly = true }
  }
}
