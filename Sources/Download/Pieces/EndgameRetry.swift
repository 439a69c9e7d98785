import Networking
import Primitives

/// Lets an idle lane ask again soon at the end of a download.
///
/// What others owe becomes worth asking for twice as they let it wait, and nothing happens at that
/// moment that could wake anybody. The pulse would, but half a second is long when a fast peer could
/// bring all that is left in a few milliseconds. Each vain try doubles the pause, until the pulse is
/// as good.
@Reactor
final class EndgameRetry {
  private static let shortestPause = Duration.milliseconds(20)
  private static let longestPause = Duration.milliseconds(320)

  private let clock: any LoopClock
  private var pause = EndgameRetry.shortestPause
  private var timer: TimerID?
  private var isClosed = false
  /// Lets a fast idle lane ask.
  var retry: () -> Void = {}

  init(clock: any LoopClock) {
    self.clock = clock
  }

  /// A lane has asked in vain.
  func askedInVain() {
    guard !isClosed, timer == nil, pause <= Self.longestPause else { return }
    timer = clock.schedule(at: clock.now + pause) { [weak self] in
      self?.timer = nil
      self?.retry()
    }
    pause *= 2
  }

  /// A lane has found something.
  func found() {
    pause = Self.shortestPause
  }

  /// No lane asks any more.
  func close() {
    if let timer { clock.cancel(timer) }
    timer = nil
    isClosed = true
  }
}
