import Primitives

/// Whether others can reach us, as far as we have seen; who can't be reached is read-only (BEP 43).
///
/// The sign is a datagram from an address to which we have sent nothing lately: a home router lets
/// nobody in whom we have not addressed. A node begins as reachable. If no such sign comes in ten
/// minutes in which enough others have answered, it counts as unreachable until one comes.
struct Reachability: Sendable {
  static let patience = Duration.seconds(600)
  static let enoughReplies = 30
  /// How many of those we have addressed are remembered.
  static let rememberedLimit = 2048

  private(set) var isReadOnly = false
  private var lastSign: Instant?
  private var replies = 0
  private var addressed: Set<IPAddress> = []
  private var order = Fifo<IPAddress>()

  /// We send something there.
  mutating func sent(to address: IPAddress) {
    guard addressed.insert(address).inserted else { return }
    order.append(address)
    if order.count > Self.rememberedLimit, let oldest = order.popFirst() {
      addressed.remove(oldest)
    }
  }

  /// A query has come from there.
  mutating func received(from address: IPAddress, now: Instant) {
    guard !addressed.contains(address) else { return }
    lastSign = now
    replies = 0
    isReadOnly = false
  }

  /// Somebody has answered us; long enough without any other sign, nobody can reach us.
  mutating func answered(now: Instant) {
    guard let since = lastSign else {
      lastSign = now
      return
    }
    replies += 1
    if replies >= Self.enoughReplies, now - since >= Self.patience { isReadOnly = true }
  }
}
