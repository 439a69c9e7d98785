/// The isolation domain of everything that touches the network: one thread that waits on epoll and
/// is itself the Swift executor.
///
/// State isolated to the reactor needs no locks, and a wait for a socket costs no thread switch.
/// The thread starts at the first use and lives as long as the process. Jobs run strictly in the
/// order in which they came, whatever their priority, so that a simulated run can be repeated.
@globalActor
package actor Reactor {
  /// The one instance.
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
    serialExecutor.asUnownedSerialExecutor()
  }

  /// The same thread as a task executor, for `withTaskExecutorPreference`.
  ///
  /// Set it once around a session: child tasks inherit it, and nonisolated code then stays on the
  /// loop in place of the default pool.
  package nonisolated static var taskExecutor: any TaskExecutor { shared.preferredExecutor }

  /// Whether the caller is on the loop's thread.
  package nonisolated static var isCurrentThread: Bool { shared.loop.isCurrentThread }

  /// Runs `body` on the loop, after all that is queued already; callable from any thread.
  package nonisolated static func enqueue(_ body: @escaping @Sendable @Reactor () -> Void) {
    shared.loop.enqueue(.closure(body))
  }

  /// Runs `body` at once, with the reactor's isolation; traps when not on the loop's thread.
  package nonisolated static func assumeIsolated<Result: Sendable>(
    _ body: @Reactor () -> Result
  ) -> Result {
    precondition(isCurrentThread, "this code must run on the loop's thread")
    return withoutActuallyEscaping(body) { body in
      unsafeBitCast(body, to: (() -> Result).self)()
    }
  }

  /// Asks `source` for work whenever the loop has nothing else to run; after earlier sources.
  @Reactor
  package static func addIdleSource(_ source: any IdleSource) {
    shared.loop.idleSources.append(source)
  }

  /// Stops asking `source`.
  @Reactor
  package static func removeIdleSource(_ source: any IdleSource) {
    shared.loop.idleSources.removeAll { $0 === source }
  }
}

/// Something that has work to offer when no job is left, such as a simulated clock that can jump
/// to its next timer.
@Reactor
package protocol IdleSource: AnyObject, Sendable {
  /// Runs its next event; false when it has none.
  func runNextEvent() -> Bool
}
