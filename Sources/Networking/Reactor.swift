/// The isolation domain of all network code: one thread that waits on epoll and serves as the Swift
/// executor.
///
/// State isolated to the reactor needs no locks, and waiting for a socket costs no thread switch.
/// The thread starts on first use and lives as long as the process. Jobs run strictly in the order
/// of arrival, whatever their priority, so that a simulated run can be reproduced.
@globalActor
package actor Reactor {
  /// The only instance.
  package static let shared = Reactor()

  nonisolated let loop: EventLoop
  private nonisolated let serialExecutor: LoopSerialExecutor
  private nonisolated let preferredExecutor: LoopTaskExecutor

  private init() {
    loop = EventLoop()
    serialExecutor = LoopSerialExecutor(loop: loop)
    preferredExecutor = LoopTaskExecutor(loop: loop)
    loop.start(serial: serialExecutor, preferred: preferredExecutor)
  }

  /// The executor of the loop's thread.
  package nonisolated var unownedExecutor: UnownedSerialExecutor {
    unsafe serialExecutor.asUnownedSerialExecutor()
  }

  /// The same thread as a task executor, for `withTaskExecutorPreference`.
  ///
  /// Set it once around a session. Child tasks inherit it, and nonisolated code then stays on the
  /// loop instead of moving to the default pool.
  package nonisolated static var taskExecutor: any TaskExecutor { shared.preferredExecutor }

  /// A Boolean value indicating whether the caller runs on the loop's thread.
  package nonisolated static var isCurrentThread: Bool { shared.loop.isCurrentThread }

  /// Enqueues `body` on the loop behind all queued jobs; callable from any thread.
  package nonisolated static func enqueue(_ body: @escaping @Sendable @Reactor () -> Void) {
    shared.loop.enqueue(.closure(body))
  }

  /// Adds a source that is asked for work, after earlier sources, whenever the loop has no job.
  @Reactor
  package static func addIdleSource(_ source: any IdleSource) {
    shared.loop.idleSources.append(source)
  }

  /// Removes an idle source.
  @Reactor
  package static func removeIdleSource(_ source: any IdleSource) {
    shared.loop.idleSources.removeAll { $0 === source }
  }
}

/// A source of work for an otherwise idle loop, such as a simulated clock that can jump to its next
/// timer.
@Reactor
package protocol IdleSource: AnyObject, Sendable {
  /// Runs the next event; returns false if there is none.
  func runNextEvent() -> Bool
}
