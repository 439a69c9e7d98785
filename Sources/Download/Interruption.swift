import Networking
import Primitives

/// A means to end a run from outside, by a stop or a time limit.
@Reactor
final class Interruption {
  /// The reason why the run has to end; the first one stays.
  private(set) var reason: DownloadError?
  /// A closure that ends the run, once there is something to end.
  var handler: () -> Void = {}
  private var timer: (clock: any LoopClock, id: TimerID)?

  nonisolated init() {}

  var isStopped: Bool { reason != nil }

  /// Ends the run on request of its caller.
  func stop() {
    end(.cancelled)
  }

  /// Ends the run unless it ends or is disarmed within `duration`, of which `spent` has passed.
  func arm(_ duration: Duration, spent: Duration = .zero, clock: any LoopClock) {
    guard duration > .zero else { return }
    let id = clock.schedule(after: max(.zero, duration - spent)) { [weak self] in
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
    handler()
  }
}
