import Networking
import Primitives

/// Work that can be ended from outside.
@Reactor
protocol Interruptible: AnyObject {
  /// Ends the work.
  func interrupted()
}

/// A means to end a run from outside, by a stop or a time limit.
@Reactor
final class Interruption {
  /// The reason why the run has to end; the first one stays.
  private(set) var reason: DownloadError?
  /// The work to end, once there is some.
  weak var target: (any Interruptible)?
  private var timer: (clock: any LoopClock, id: TimerID)?

  nonisolated init() {}

  var isStopped: Bool { reason != nil }

  /// Ends the run on request of its caller.
  func stop() {
    end(.cancelled)
  }

  /// Ends the run unless it ends or is disarmed within `duration`.
  func arm(_ duration: Duration, clock: any LoopClock) {
    guard duration > .zero else { return }
    let id = clock.schedule(after: duration) { [weak self] in
      self?.end(.deadlinePassed(duration))
    }
    timer = (clock, id)
  }

  /// Removes the time limit.
  func disarm() {
    if let timer { timer.clock.cancel(timer.id) }
    timer = nil
  }

  private func end(_ why: DownloadError) {
    guard reason == nil else { return }
    reason = why
    target?.interrupted()
  }
}
