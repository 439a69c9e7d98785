internal import CPosix
internal import Glibc

/// Turns signals of the process into calls on the loop.
///
/// There is one at a time: a process has one action for each signal. The handler writes the
/// signal's number into a pipe that the loop watches, which is all that a handler may do.
@Reactor
package final class SignalWatcher {
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

  private let signals: [Signal]
  private let received: @Reactor (Signal) -> Void
  private var reader: SocketDescriptor?
  private var writer: SocketDescriptor?
  private var registration: Poller.Registration?

  /// Starts to watch; `received` is called on the loop for each signal, several equal ones in quick
  /// succession perhaps once.
  package init(
    _ signals: [Signal], received: @escaping @Reactor (Signal) -> Void
  ) throws(NetworkError) {
    let signals = signals.filter { $0 != .hangUp || cposix_ignores_signal($0.number) == 0 }
    self.signals = signals
    self.received = received
    var ends: [Int32] = [-1, -1]
    guard cposix_pipe(&ends) == 0 else { throw .lastSystemError("pipe2") }
    reader = SocketDescriptor(owning: ends[0])
    writer = SocketDescriptor(owning: ends[1])
    registration = try Reactor.shared.loop.poller.add(ends[0], target: self)
    for signal in signals where cposix_watch_signal(signal.number, ends[1]) != 0 {
      throw .lastSystemError("sigaction")
    }
  }

  isolated deinit {
    stop()
  }

  /// Gives the signals their default actions back; may be called again.
  package func stop() {
    guard let descriptor else { return }
    for signal in signals { _ = cposix_unwatch_signal(signal.number) }
    if let registration { Reactor.shared.loop.poller.remove(registration, descriptor) }
    registration = nil
    reader = nil
    writer = nil
  }

  /// Stops the process as SIGTSTP would have; returns when it is continued.
  package func suspendProcess() {
    Self.raiseDefault(.suspend)
    // A failure leaves the default action, which suspends as well.
    if let writer = writerNumber { _ = cposix_watch_signal(Signal.suspend.number, writer) }
  }

  /// Ends the process as `signal` would have, so that a shell sees what happened and stops its loop.
  package nonisolated static func die(of signal: Signal) -> Never {
    raiseDefault(signal)
    exit(128 + signal.number)
  }

  private nonisolated static func raiseDefault(_ signal: Signal) {
    _ = cposix_unwatch_signal(signal.number)
    var only = sigset_t()
    sigemptyset(&only)
    sigaddset(&only, signal.number)
    pthread_sigmask(SIG_UNBLOCK, &only, nil)
    raise(signal.number)
  }

  private var descriptor: Int32? {
    switch reader {
    case .some(let reader): reader.rawValue
    case .none: nil
    }
  }

  private var writerNumber: Int32? {
    switch writer {
    case .some(let writer): writer.rawValue
    case .none: nil
    }
  }
}

extension SignalWatcher: PollTarget {
  func became(_ readiness: Readiness) {
    var numbers = [UInt8](repeating: 0, count: 64)
    while let descriptor {
      let count = read(descriptor, &numbers, numbers.count)
      guard count > 0 else { return }
      for number in numbers.prefix(count) {
        if let signal = signals.first(where: { $0.number == Int32(number) }) { received(signal) }
      }
    }
  }
}
