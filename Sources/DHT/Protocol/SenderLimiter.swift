import Primitives

/// A filter that ignores addresses which flood us.
///
/// It tracks the twenty busiest senders. An address that sends more than 50 datagrams in ten
/// seconds is ignored for five minutes. Loopback addresses are never ignored.
struct SenderLimiter: Sendable {
  static let trackedLimit = 20
  static let window = Duration.seconds(10)
  static let windowLimit = 50
  static let blockTime = Duration.seconds(300)

  private struct Sender: Sendable {
    let address: IPAddress
    var count: Int
    /// The end of the window or of the block.
    var end: Instant
  }

  private var senders: [Sender] = []

  /// Counts a datagram; returns false if it is to be ignored.
  mutating func admits(_ address: IPAddress, now: Instant) -> Bool {
    guard !address.isLoopback else { return true }
    guard let index = senders.firstIndex(where: { $0.address == address }) else {
      track(address, now: now)
      return true
    }
    if now >= senders[index].end {
      senders[index] = Sender(address: address, count: 1, end: now + Self.window)
      return true
    }
    senders[index].count += 1
    if senders[index].count == Self.windowLimit + 1 { senders[index].end = now + Self.blockTime }
    return senders[index].count <= Self.windowLimit
  }

  /// Tracks a new address in place of one whose window is over, or else of the quietest one.
  private mutating func track(_ address: IPAddress, now: Instant) {
    let sender = Sender(address: address, count: 1, end: now + Self.window)
    if senders.count < Self.trackedLimit {
      senders.append(sender)
    } else if let index = senders.indices.min(by: { weight($0, now) < weight($1, now) }) {
      senders[index] = sender
    }
  }

  private func weight(_ index: Int, _ now: Instant) -> Int {
    senders[index].end <= now ? 0 : senders[index].count
  }
}
