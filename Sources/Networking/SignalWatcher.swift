internal import CPosix
internal import Glibc
internal import Primitives
internal import Synchronization

/// Delivers the process's signals as calls on a dedicated thread.
///
/// That thread does nothing else, so the process can still be ended when a disk blocks the loop or
/// tasks occupy every thread of the pool. A process has one action per signal, so only one watcher
/// exists at a time. The signal handler writes the signal's number into a pipe that the thread
/// reads; few other calls are safe in a handler. A signal that is ignored at the start stays
/// ignored, as its parent process wants: nohup(1), or a shell without job control that starts it in
/// the background.
package final class SignalWatcher: Sendable {
  /// A signal that a program can handle.
  package enum Signal: CaseIterable, Sendable {
    /// SIGINT, sent by Ctrl-C.
    case interrupt
    /// SIGTERM, sent by `kill` and service managers.
    case terminate
    /// SIGHUP, sent when the terminal goes away.
    case hangUp
    /// SIGQUIT, sent by Ctrl-\.
    case quit
    /// SIGXCPU, sent when the processor time that the system allows is used up.
    case processorTime
    /// SIGTSTP, sent by Ctrl-Z.
    case suspend

    /// The signal's number.
    package var number: Int32 {
      switch self {
      case .interrupt: SIGINT
      case .terminate: SIGTERM
      case .hangUp: SIGHUP
      case .quit: SIGQUIT
      case .processorTime: SIGXCPU
      case .suspend: SIGTSTP
      }
    }
  }

  /// The configuration of the watching thread.
  private struct Orders: Sendable {
    let signals: [Signal]
    let patience: Duration?
    let received: @Sendable (Signal) -> Void
    let overdue: @Sendable (Signal) -> Void
  }

  private let signals: [Signal]
  /// The pipe's write end, used by the handler; -1 once closed.
  private let writer: Mutex<Int32>

  /// Starts watching.
  ///
  /// `received` is called for each signal; several equal signals in quick succession may be
  /// reported once. `overdue` is called once `patience` has passed since the first terminating
  /// signal, with that signal.
  package init(
    _ signals: [Signal], patience: Duration? = nil,
    received: @escaping @Sendable (Signal) -> Void,
    overdue: @escaping @Sendable (Signal) -> Void = { _ in }
  ) throws(NetworkError) {
    let signals = signals.filter { cposix_ignores_signal($0.number) == 0 }
    self.signals = signals
    var ends: [Int32] = [-1, -1]
    guard unsafe cposix_pipe(&ends) == 0 else { throw .lastSystemError("pipe2") }
    let reader = ends[0]
    writer = Mutex(ends[1])
    let orders = Orders(
      signals: signals, patience: patience, received: received, overdue: overdue)
    do throws(NetworkError) {
      try Thread.start { Self.watch(reader, orders) }
    } catch {
      _ = close(reader)
      stop()
      throw error
    }
    for signal in signals where cposix_watch_signal(signal.number, ends[1]) != 0 {
      let error = NetworkError.lastSystemError("sigaction")
      stop()
      throw error
    }
  }

  deinit {
    stop()
  }

  /// Restores the default actions and ends the thread; stopping twice is harmless.
  package func stop() {
    writer.withLock { writer in
      guard writer >= 0 else { return }
      for signal in signals { _ = cposix_unwatch_signal(signal.number) }
      _ = close(writer)
      writer = -1
    }
  }

  /// Suspends the process as SIGTSTP would by default; returns once it is continued.
  package func suspendProcess() {
    Self.raiseDefault(.suspend)
    writer.withLock { writer in
      // If this fails, the default action remains, and that suspends as well.
      if writer >= 0 { _ = cposix_watch_signal(Signal.suspend.number, writer) }
    }
  }

  /// Ends the process by the default action of `signal`, so that a shell sees the cause and stops
  /// its loop.
  package static func die(of signal: Signal) -> Never {
    raiseDefault(signal)
    exit(128 + signal.number)
  }

  private static func raiseDefault(_ signal: Signal) {
    _ = cposix_unwatch_signal(signal.number)
    var only = sigset_t()
    unsafe sigemptyset(&only)
    unsafe sigaddset(&only, signal.number)
    unsafe pthread_sigmask(SIG_UNBLOCK, &only, nil)
    raise(signal.number)
  }

  // MARK: - The thread

  private static func watch(_ reader: Int32, _ orders: Orders) {
    defer { _ = close(reader) }
    var time = RunningTime(at: MachineClock.now)
    var first: Signal?
    var deadline: Instant?
    var numbers = [UInt8](repeating: 0, count: 64)
    while true {
      var entry = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
      let wait = deadline.map { min(max(.zero, $0 - time.now), RunningTime.longestWait) }
      let isReady = unsafe poll(&entry, 1, wait.map(milliseconds) ?? -1) > 0
      // A process that is stopped can neither save nor say anything: the time does not count.
      time.advance(to: MachineClock.now, afterWaiting: wait, work: { MachineClock.processorTime })
      if isReady {
        let count = unsafe read(reader, &numbers, numbers.count)
        if count == 0 { return }
        for number in numbers.prefix(max(count, 0)) {
          let signal = orders.signals.first { $0.number == Int32(number) }
          guard let signal else { continue }
          if first == nil, signal != .suspend {
            first = signal
            deadline = orders.patience.map { time.now + $0 }
          }
          orders.received(signal)
        }
      }
      if let due = deadline, let first, due <= time.now {
        deadline = nil
        orders.overdue(first)
      }
    }
  }

  /// Returns whole milliseconds, rounded up.
  private static func milliseconds(_ wait: Duration) -> Int32 {
    Int32(clamping: (wait.inNanoseconds + 999_999) / 1_000_000)
  }
}
