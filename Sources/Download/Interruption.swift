import Networking
import Primitives

/// What can end a run from outside: somebody stops it, or its time is over.
@Reactor
final class Interruption {
  /// Why the run is to end; the first reason stays.
  private(set) var reason: DownloadError?
  /// What to do about it, once there is something to stop.
  var handler: () -> Void = {}
  private var timer: (clock: any LoopClock, id: TimerID)?

  nonisolated init() {}

  var isStopped: Bool { reason != nil }

  /// Ends the run because its caller wants so.
  func stop() {
    end(.cancelled)
  }

  /// Ends the run when it has not ended or been disarmed before `duration` has passed.
  ///
  /// So much of it may have been spent already.
  func arm(_ duration: Duration, spent: Duration = .zero, clock: any LoopClock) {
    guard duration > .zero else { return }
    let id = clock.schedule(after: max(.zero, duration - spent)) { [weak self] in
      self?.end(.deadlinePassed(duration))
    }
    timer = (clock, id)
  }

  /// The run may take as long as it likes from now on.
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
