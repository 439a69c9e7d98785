/// A signal that one task waits for, and that remembers when it came early.
///
/// `fire` lets one `wait` return: the one in progress, else the next one. Several fires before a
/// wait count as one. After a wait has returned, the wakeup can be used again.
@Reactor
package final class Wakeup {
  private enum State {
    case idle
    case fired
    case waiting(UnsafeContinuation<Bool, Never>)
  }

  private var state = State.idle
  /// Counts the waits, so that a late cancellation of one cannot end the next.
  private var ticket: UInt64 = 0

  /// Creates a wakeup that has not fired.
  package nonisolated init() {}

  /// Whether a task is waiting now.
  package var hasWaiter: Bool { if case .waiting = state { true } else { false } }

  /// Lets the waiting task go on, or the next one that comes.
  package func fire() {
    if case .waiting(let continuation) = state {
      state = .idle
      continuation.resume(returning: true)
    } else {
      state = .fired
    }
  }

  /// Returns true once the wakeup has fired, false when the task was cancelled before.
  ///
  /// Only one task may wait at a time.
  @discardableResult
  package func wait() async -> Bool {
    switch state {
    case .fired:
      state = .idle
      return true
    case .waiting:
      preconditionFailure("two tasks wait for one wakeup")
    case .idle:
      guard !Task.isCancelled else { return false }
      return await suspend()
    }
  }

  private func suspend() async -> Bool {
    ticket &+= 1
    let ticket = ticket
    return await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        state = .waiting(continuation)
      }
    } onCancel: {
      // Runs on any thread, so the state is touched by a job of its own.
      Reactor.enqueue { self.cancelWait(ticket) }
    }
  }

  private func cancelWait(_ cancelled: UInt64) {
    guard ticket == cancelled, case .waiting(let continuation) = state else { return }
    state = .idle
    continuation.resume(returning: false)
  }
}
