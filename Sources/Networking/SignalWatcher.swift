internal import CPosix
internal import Glibc
internal import Synchronization

/// Turns signals of the process into calls on a thread of its own.
///
/// Nothing else happens on that thread: a loop that a disk holds up, or tasks that have taken all
/// threads of the pool, must not keep anybody from ending the process. There is one watcher at a
/// time: a process has one action for each signal. The handler writes the signal's number into a
/// pipe that the thread reads, which is all that a handler may do.
package final class SignalWatcher: Sendable {
  /// A signal that a program reacts to.
  package enum Signal: CaseIterable, Sendable {
    /// SIGINT, from Ctrl-C.
    case interrupt
    /// SIGTERM, from `kill` and service managers.
    case terminate
    /// SIGHUP: the terminal is gone. Not watched when it is ignored, as under nohup(1).
    case hangUp
    /// SIGQUIT, from Ctrl-\.
    case quit
    /// SIGTSTP, from Ctrl-Z.
    case suspend

    /// The number of the signal.
    package var number: Int32 {
      switch self {
      case .interrupt: SIGINT
      case .terminate: SIGTERM
      case .hangUp: SIGHUP
      case .quit: SIGQUIT
      case .suspend: SIGTSTP
      }
    }
  }

  /// What the thread does.
  private struct Orders: Sendable {
    let signals: [Signal]
    let patience: Duration?
    let received: @Sendable (Signal) -> Void
    let overdue: @Sendable (Signal) -> Void
  }

  private let signals: [Signal]
  /// The end of the pipe that the handler writes to; -1 once it is closed.
  private let writer: Mutex<Int32>

  /// Starts to watch.
  ///
  /// `received` is called for each signal, for several equal ones in quick succession perhaps once;
  /// `overdue` with the first one that ends a process, when `patience` has passed since then.
  package init(
    _ signals: [Signal], patience: Duration? = nil,
    received: @escaping @Sendable (Signal) -> Void,
    overdue: @escaping @Sendable (Signal) -> Void = { _ in }
  ) throws(NetworkError) {
    let signals = signals.filter { $0 != .hangUp || cposix_ignores_signal($0.number) == 0 }
    self.signals = signals
    var ends: [Int32] = [-1, -1]
    guard cposix_pipe(&ends) == 0 else { throw .lastSystemError("pipe2") }
    let reader = ends[0]
    writer = Mutex(ends[1])
    let orders = Orders(
      signals: signals, patience: patience, received: received, overdue: overdue)
    Thread.start { Self.watch(reader, orders) }
    for signal in signals where cposix_watch_signal(signal.number, ends[1]) != 0 {
      let error = NetworkError.lastSystemError("sigaction")
      stop()
      throw error
    }
  }

  deinit {
    stop()
  }

  /// Gives the signals their default actions back and ends the thread; may be called again.
  package func stop() {
    writer.withLock { writer in
      guard writer >= 0 else { return }
      for signal in signals { _ = cposix_unwatch_signal(signal.number) }
      _ = close(writer)
      writer = -1
    }
  }

  /// Stops the process as SIGTSTP would have; returns when it is continued.
  package func suspendProcess() {
    Self.raiseDefault(.suspend)
    writer.withLock { writer in
      // A failure leaves the default action, which suspends as well.
      if writer >= 0 { _ = cposix_watch_signal(Signal.suspend.number, writer) }
    }
  }

  /// Ends the process as `signal` would have, so that a shell sees what happened and stops its loop.
  package static func die(of signal: Signal) -> Never {
    raiseDefault(signal)
    exit(128 + signal.number)
  }

  private static func raiseDefault(_ signal: Signal) {
    _ = cposix_unwatch_signal(signal.number)
    var only = sigset_t()
    sigemptyset(&only)
    sigaddset(&only, signal.number)
    pthread_sigmask(SIG_UNBLOCK, &only, nil)
    raise(signal.number)
  }

  // MARK: - The thread

  private static func watch(_ reader: Int32, _ orders: Orders) {
    defer { _ = close(reader) }
    var first: Signal?
    var deadline: ContinuousClock.Instant?
    var numbers = [UInt8](repeating: 0, count: 64)
    while true {
      var entry = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
      if poll(&entry, 1, milliseconds(until: deadline)) > 0 {
        let count = read(reader, &numbers, numbers.count)
        if count == 0 { return }
        for number in numbers.prefix(max(count, 0)) {
          let signal = orders.signals.first { $0.number == Int32(number) }
          guard let signal else { continue }
          if first == nil, signal != .suspend {
            first = signal
            deadline = orders.patience.map { .now + $0 }
          }
          orders.received(signal)
        }
      }
      if let due = deadline, let first, due <= .now {
        deadline = nil
        orders.overdue(first)
      }
    }
  }

  /// How long to wait, rounded up; -1 waits for ever.
  private static func milliseconds(until deadline: ContinuousClock.Instant?) -> Int32 {
    guard let deadline else { return -1 }
    let (seconds, attoseconds) = (deadline - .now).components
    return Int32(clamping: max(0, seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1))
  }
}
