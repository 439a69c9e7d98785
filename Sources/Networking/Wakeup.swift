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
  /// The last wait that has come to its end.
  private var endedTicket: UInt64 = 0
  /// The last wait that was cancelled.
  private var cancelledTicket: UInt64 = 0

  /// Creates a wakeup that has not fired.
  package nonisolated init() {}

  /// Whether a task is waiting now.
  package var hasWaiter: Bool { if case .waiting = state { true } else { false } }

  /// The number of the wait that comes next.
  var nextTicket: UInt64 { ticket &+ 1 }

  /// Whether the wait with this number has ended, or will without any further fire.
  func hasDecided(_ wait: UInt64) -> Bool {
    if case .fired = state { return true }
    return endedTicket >= wait
  }

  /// Lets the waiting task go on, or the next one that comes.
  package func fire() {
    if case .waiting(let continuation) = state {
      state = .idle
      endedTicket = ticket
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
    if case .fired = state {
      state = .idle
      return true
    }
    guard !Task.isCancelled else { return false }
    ticket &+= 1
    let ticket = ticket
    return await withTaskCancellationHandler {
      await withUnsafeContinuation { begin($0, ticket) }
    } onCancel: {
      // Runs on any thread, so the state is touched by a job of its own.
      Reactor.enqueue { self.cancelWait(ticket) }
    }
  }

  /// Suspends the task, unless the wait is over already.
  ///
  /// A task that does not prefer the loop's task executor passes through the job ring on its way
  /// here, so a fire or a cancellation may have come in between.
  private func begin(_ continuation: UnsafeContinuation<Bool, Never>, _ ticket: UInt64) {
    switch state {
    case .fired:
      state = .idle
      endedTicket = ticket
      continuation.resume(returning: true)
    case .waiting:
      preconditionFailure("two tasks wait for one wakeup")
    case .idle where cancelledTicket == ticket:
      endedTicket = ticket
      continuation.resume(returning: false)
    case .idle:
      state = .waiting(continuation)
    }
  }

  private func cancelWait(_ cancelled: UInt64) {
    guard ticket == cancelled else { return }
    cancelledTicket = cancelled
    guard case .waiting(let continuation) = state else { return }
    state = .idle
    endedTicket = ticket
    continuation.resume(returning: false)
  }
}
