import Primitives

/// The time at which a fast idle lane asks again at the end of a download.
///
/// Blocks that others owe become worth requesting twice as they let them wait, and no event happens
/// at that moment. The regular tick would come half a second later, which is long when a fast peer
/// could bring all that is left in a few milliseconds. Each vain try doubles the pause, until the
/// tick is as good.
struct EndgameRetry: Sendable {
  /// The pauses between two tries.
  struct Policy: Sendable {
    var shortestPause = Duration.milliseconds(20)
    var longestPause = Duration.milliseconds(320)
  }

  private let policy: Policy
  private var pause: Duration
  private(set) var due: Instant?

  init(policy: Policy = Policy()) {
    self.policy = policy
    pause = policy.shortestPause
  }

  /// Records that a lane has asked in vain.
  mutating func askedInVain(now: Instant) {
    guard due == nil, pause <= policy.longestPause else { return }
    due = now + pause
    pause *= 2
  }

  /// Records that a lane has found something.
  mutating func found() { pause = policy.shortestPause }

  /// Returns whether a try is due, and removes it then.
  mutating func takeDue(now: Instant) -> Bool {
    guard let time = due, now >= time else { return false }
    due = nil
    return true
  }

  /// Ends all tries.
  mutating func stop() { due = nil }
}
