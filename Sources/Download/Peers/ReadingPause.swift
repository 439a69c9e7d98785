import Primitives
import Swarm

/// A pause that lets a slow peer's bytes accumulate until some blocks should be whole.
///
/// Bytes of a slow link arrive a few at a time, and with hundreds of such peers to read them each
/// time costs more than all other work. The requests beyond those blocks must last for a round
/// trip, so that the peer never runs out of them. The pauses of all peers end at the same moments,
/// for one turn of the loop.
struct ReadingPause {
  /// The numbers that bound a pause.
  private enum Policy {
    /// The shortest pause that is worth a timer.
    static let shortest = Duration.milliseconds(4)
    /// The longest pause in seconds; the user does not notice it.
    static let longest = 0.35
    /// The longest pause under a rate limit, in seconds.
    static let longestLimited = 0.2
    /// The unit of the moments at which pauses end.
    static let grid = Duration.milliseconds(8)
    /// The maximum number of blocks that accumulate; the kernel holds as many for any connection.
    static let blocks = 4
  }

  private let length: Duration

  /// Creates the pause for a peer; nil if it should be read at once.
  ///
  /// - Parameters:
  ///   - pace: The rate of the peer and the number of blocks that it owes.
  ///   - roundTrip: The time to the peer and back, in seconds.
  ///   - bytesToBlockEnd: The number of bytes to the end of the current or the next block.
  ///   - isLimited: True if the user limits the download rate.
  init?(_ pace: ReadingPace, roundTrip: Double, bytesToBlockEnd: Int, isLimited: Bool) {
    // Bounded before it is a duration, because a rate that has died away is next to nothing.
    let blockTime = min(Double(pace.blockLength) / pace.rate, 1)
    let cover = max(1, Int((min(roundTrip, 1) / blockTime).rounded(.up)))
    let blocks = min(pace.owed - cover, Policy.blocks)
    guard blocks > 0 else { return nil }
    let bytes = (blocks - 1) * pace.blockLength + min(pace.blockLength, bytesToBlockEnd)
    let longest = isLimited ? Policy.longestLimited : Policy.longest
    length = Duration.seconds(min(Double(bytes) / pace.rate, longest))
    if length <= Policy.shortest { return nil }
  }

  /// Returns the end of the pause if it begins now.
  func end(after now: Instant) -> Instant { (now + length).roundedUp(to: Policy.grid) }
}
