import Primitives

/// The limit on the debts of all peers together while the download rate is limited.
///
/// Requested data comes whether we read it or not. More than the limit lets in soon would lie in
/// the kernel, be late through no fault of its sender's, be asked of somebody else as well, and be
/// lost when the run is killed. So there is about a second of it at a time, and more only while
/// that is too little to reach the limit, as with many slow peers or long links.
package struct RequestQuota: Sendable {
  /// The time that the debts should last, in seconds.
  private static let horizon = 1.0
  /// Fewer blocks than that leave pauses between them on any link.
  private static let fewest = 4
  /// More blocks than any connections can owe.
  private static let most = 1 << 20

  private let base: Int
  /// The number of blocks that may be owed.
  package private(set) var limit: Int
  /// The number of blocks that are owed by peers that are not late with them.
  package var owed = 0
  /// The number of exchanges that share the limit.
  package var sharers = 0
  /// A Boolean value indicating whether the limit was reached lately, so that a block that is
  /// requested twice would cost another one.
  package private(set) var isReached = false
  /// A Boolean value indicating whether it was not, although as much was owed as may be.
  private var fellShort = false

  /// Creates the quota under a limit of so many bytes per second.
  package init(bytesPerSecond: Int) {
    let blocks = Double(bytesPerSecond) * Self.horizon / Double(Block.standardLength)
    base = min(max(Self.fewest, Int(blocks.rounded(.up))), Self.most)
    limit = base
  }

  /// Returns the number of blocks that an exchange may owe while others owe so many.
  ///
  /// It is never less than an even share. Peers are asked anew for each block that comes, so an
  /// exchange that uses the whole limit would never leave anything to one that begins later.
  package func limit(besides others: Int) -> Int {
    max(1, limit - others, limit / max(1, sharers))
  }

  /// Learns the share of the rate that nobody used since the last time.
  package mutating func learn(unusedShare: Double) {
    isReached = unusedShare < 0.01
    let isShort = !isReached && owed >= limit - limit / 8
    if isReached {
      limit = max(base, limit - limit / 50)
    } else if isShort, fellShort {
      // Once may be a pause of our own.
      limit = min(limit + (limit + 1) / 2, Self.most)
    }
    fellShort = isShort
  }
}
