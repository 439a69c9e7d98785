import CPosix
import Glibc

/// The process's standard streams, written without buffering.
enum Console {
  /// Makes the standard streams safe to use, before anything is opened.
  ///
  /// A stream that the caller has closed would lend its number to the next file that is opened, and
  /// a message would end up in a download: it becomes one that fails to be used. And a reader of
  /// messages that is gone shall not end a download; of results it does, as `result` has it.
  static func secureStreams() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 {
      // The lowest free number is this one. Opened the wrong way round, so that use is an error.
      _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
    signal(SIGPIPE, SIG_IGN)
    // A file that may not grow any further (ulimit -f) is an error of its own, with its status.
    signal(SIGXFSZ, SIG_IGN)
    // Ctrl-\ is no crash, though the Swift runtime takes it for one on a terminal. Where it is ignored,
    // whoever started us wants it so.
    if cposix_ignores_signal(SIGQUIT) == 0 { signal(SIGQUIT, SIG_DFL) }
  }

  /// Writes a result to standard output, and dies of SIGPIPE as a filter does when its reader is gone.
  ///
  /// - Throws: When the stream is closed or the disk full.
  static func result(_ text: String) throws(CommandFailure) {
    try result(Array(text.utf8))
  }

  /// The same for bytes that need not be text.
  static func result(_ bytes: [UInt8]) throws(CommandFailure) {
    if let code = write(bytes, to: STDOUT_FILENO) {
      if code == EPIPE { dieOfBrokenPipe() }
      throw resultFailure(code)
    }
  }

  /// Writes one result among many; whoever writes them decides what a failure means.
  ///
  /// Returns the `errno` of a failure, EPIPE when nobody reads any more.
  static func resultLine(_ text: String) -> Int32? {
    write(Array((text + "\n").utf8), to: STDOUT_FILENO)
  }

  /// What becomes of a run whose results cannot be written.
  static func resultFailure(_ code: Int32) -> CommandFailure {
    CommandFailure(
      .inputOutputFailure, "cannot write to standard output: \(message(for: code))")
  }

  /// Whether an `errno` says that nobody reads any more.
  static func isBrokenPipe(_ code: Int32) -> Bool { code == EPIPE }

  /// Dies as a filter does when its reader is gone.
  static func dieOfBrokenPipe() {
    signal(SIGPIPE, SIG_DFL)
    raise(SIGPIPE)
  }

  /// Writes what somebody may want to know to standard output; there is nobody to tell when that
  /// fails.
  static func announcement(_ text: String) {
    _ = write(Array(text.utf8), to: STDOUT_FILENO)
  }

  /// Writes a message to standard error; there is nobody to tell when that fails.
  static func message(_ text: String) {
    _ = write(Array(text.utf8), to: STDERR_FILENO)
  }

  /// What the system says about an `errno`.
  static func message(for code: Int32) -> String {
    String(cString: strerror(code))
  }

  /// Whether standard error is a terminal that understands cursor movements.
  static var isTerminal: Bool {
    guard isatty(STDERR_FILENO) == 1 else { return false }
    let type = environment("TERM")
    return type != nil && type != "dumb"
  }

  /// Whether colours are used: by choice, or on a terminal unless `NO_COLOR` is set to anything
  /// (no-color.org).
  static func usesColor(_ choice: ColorChoice) -> Bool {
    switch choice {
    case .always: true
    case .never: false
    case .auto: isTerminal && (environment("NO_COLOR")?.isEmpty ?? true)
    }
  }

  /// The terminal's size at this moment, 80 columns of 24 rows when it does not say.
  static var terminalSize: (columns: Int, rows: Int) {
    var size = winsize()
    let result = withUnsafeMutablePointer(to: &size) {
      ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), UnsafeMutableRawPointer($0))
    }
    guard result == 0 else { return (80, 24) }
    return (size.ws_col > 0 ? Int(size.ws_col) : 80, size.ws_row > 0 ? Int(size.ws_row) : 24)
  }

  /// A variable of the environment; nil when it is not set.
  static func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }

  /// The `errno` of the first failure, nil when all was written.
  static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
    var bytes = bytes[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 {
        bytes = bytes.dropFirst(count)
      } else if errno == EAGAIN {
        // Somebody else made the stream non-blocking; wait until it takes more.
        var descriptors = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&descriptors, 1, -1)
      } else if errno != EINTR {
        return errno
      }
    }
    return nil
  }
}
