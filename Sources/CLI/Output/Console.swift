import CPosix
import Glibc

/// The process's standard streams, written without buffering.
enum Console {
  /// Makes the standard streams safe to use, before any file is opened.
  ///
  /// If the caller has closed a stream, the next file to be opened would get its number, and
  /// messages would end up in a download. Such a stream is replaced by one whose use fails. A
  /// vanished reader of messages must not end a download; a vanished reader of results does (see
  /// `result`).
  static func secureStreams() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 {
      // The lowest free number is this one. The wrong access mode makes any use an error.
      _ = unsafe open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
    signal(SIGPIPE, SIG_IGN)
    // A file that may not grow further (ulimit -f) is an error with its own status.
    signal(SIGXFSZ, SIG_IGN)
    // Ctrl-\ is no crash, though the Swift runtime on a terminal treats it as one. If the signal is
    // ignored, the caller wanted it so.
    if cposix_ignores_signal(SIGQUIT) == 0 { signal(SIGQUIT, SIG_DFL) }
  }

  /// Writes a result to standard output, and dies of SIGPIPE, like a filter, if the reader has
  /// gone.
  ///
  /// - Throws: The failure if the stream is closed or the disk is full.
  static func result(_ text: String) throws(CommandFailure) {
    try result(Array(text.utf8))
  }

  /// Writes bytes that need not be text, in the same way.
  static func result(_ bytes: [UInt8]) throws(CommandFailure) {
    if let code = write(bytes, to: STDOUT_FILENO) {
      if code == EPIPE { dieOfBrokenPipe() }
      throw resultFailure(code)
    }
  }

  /// Writes one of many results; the caller decides what a failure means.
  ///
  /// Returns the `errno` of a failure, which is EPIPE if the reader has gone.
  static func resultLine(_ text: String) -> Int32? {
    write(Array((text + "\n").utf8), to: STDOUT_FILENO)
  }

  /// Returns the failure of a run whose results cannot be written.
  static func resultFailure(_ code: Int32) -> CommandFailure {
    CommandFailure(
      .inputOutputFailure, "cannot write to standard output: \(message(for: code))")
  }

  /// Returns whether an `errno` means that the reader has gone.
  static func isBrokenPipe(_ code: Int32) -> Bool { code == EPIPE }

  /// Dies of SIGPIPE, like a filter whose reader has gone.
  static func dieOfBrokenPipe() {
    signal(SIGPIPE, SIG_DFL)
    raise(SIGPIPE)
  }

  /// Writes optional information to standard output; a failure to do so cannot be reported.
  static func announcement(_ text: String) {
    _ = write(Array(text.utf8), to: STDOUT_FILENO)
  }

  /// Writes a message to standard error; a failure to do so cannot be reported.
  static func message(_ text: String) {
    _ = write(Array(text.utf8), to: STDERR_FILENO)
  }

  /// Returns the system's text for an `errno`.
  static func message(for code: Int32) -> String {
    unsafe String(cString: strerror(code))
  }

  /// A Boolean value indicating whether standard error is a terminal that supports cursor
  /// movements.
  static var isTerminal: Bool {
    guard isatty(STDERR_FILENO) == 1 else { return false }
    let type = environment("TERM")
    return type != nil && type != "dumb"
  }

  /// Returns whether to use colours, which with `auto` needs a terminal and no `NO_COLOR`
  /// (no-color.org).
  static func usesColor(_ choice: ColorChoice) -> Bool {
    switch choice {
    case .always: true
    case .never: false
    case .auto: isTerminal && (environment("NO_COLOR")?.isEmpty ?? true)
    }
  }

  /// The terminal's current size; 80 columns by 24 rows if it is unknown.
  static var terminalSize: (columns: Int, rows: Int) {
    var size = winsize()
    let result = unsafe withUnsafeMutablePointer(to: &size) {
      unsafe ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), UnsafeMutableRawPointer($0))
    }
    guard result == 0 else { return (80, 24) }
    return (size.ws_col > 0 ? Int(size.ws_col) : 80, size.ws_row > 0 ? Int(size.ws_row) : 24)
  }

  /// Returns an environment variable; nil if it is not set.
  static func environment(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }

  /// Writes all bytes; returns the `errno` of the first failure.
  static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
    var bytes = bytes[...]
    while !bytes.isEmpty {
      let count = unsafe bytes.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      if count > 0 {
        bytes = bytes.dropFirst(count)
      } else if errno == EAGAIN {
        // Another process made the stream non-blocking, so wait until it takes more.
        var descriptors = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = unsafe poll(&descriptors, 1, -1)
      } else if errno != EINTR {
        return errno
      }
    }
    return nil
  }
}
