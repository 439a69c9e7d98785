/// A signal that one task waits for and that remembers a fire without a waiter.
///
/// Each `fire` ends one `wait`: the current one, or else the next. Several fires before a wait
/// count as one. The wakeup can be reused after a wait returns.
@Reactor
package final class Wakeup {
  /// The state of the signal.
  ///
  /// `@safe`: a continuation enters `waiting` at most once and leaves it before it is resumed, so
  /// it is resumed only once.
  @safe
  private enum State {
    case idle
    case fired
    case waiting(UnsafeContinuation<Bool, Never>)
  }

  private var state = State.idle
  /// The number of waits so far, so that a late cancellation of one cannot end the next.
  private var ticket: UInt64 = 0
  /// The most recent wait that has ended.
  private var endedTicket: UInt64 = 0
  /// The most recent wait that was cancelled.
  private var cancelledTicket: UInt64 = 0

  /// Creates a wakeup that has not fired.
  package nonisolated init() {}

  /// A Boolean value indicating whether a task is waiting.
  package var hasWaiter: Bool { if case .waiting = state { true } else { false } }

  /// The ticket of the next wait.
  var nextTicket: UInt64 { ticket &+ 1 }

  /// Returns whether the wait with this ticket has ended or will end without a further fire.
  func hasDecided(_ wait: UInt64) -> Bool {
    if case .fired = state { return true }
    return endedTicket >= wait
  }

  /// Resumes the waiting task, or lets the next wait return immediately.
  package func fire() {
    if case .waiting(let continuation) = state {
      state = .idle
      endedTicket = ticket
      unsafe continuation.resume(returning: true)
    } else {
      state = .fired
    }
  }

  /// Waits until the wakeup fires; returns false if the task is cancelled first.
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
      await unsafe withUnsafeContinuation { unsafe begin($0, ticket) }
    } onCancel: {
      // This handler may run on any thread, so a job on the loop changes the state.
      Reactor.enqueue { self.cancelWait(ticket) }
    }
  }

  /// Suspends the task unless the wait is already over.
  ///
  /// A task that does not prefer the loop's task executor passes through the job ring on its way
  /// here, so a fire or a cancellation may have come in between.
  private func begin(_ continuation: UnsafeContinuation<Bool, Never>, _ ticket: UInt64) {
    switch state {
    case .fired:
      state = .idle
      endedTicket = ticket
      unsafe continuation.resume(returning: true)
    case .waiting:
      preconditionFailure("two tasks wait for one wakeup")
    case .idle where cancelledTicket == ticket:
      endedTicket = ticket
      unsafe continuation.resume(returning: false)
    case .idle:
      unsafe state = .waiting(continuation)
    }
  }

  private func cancelWait(_ cancelled: UInt64) {
    guard ticket == cancelled else { return }
    cancelledTicket = cancelled
    guard case .waiting(let continuation) = state else { return }
    state = .idle
    endedTicket = ticket
    unsafe continuation.resume(returning: false)
  }
}
