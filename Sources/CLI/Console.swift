import Glibc

/// The process's standard streams, written without buffering.
enum Console {
  /// Writes a result to standard output.
  ///
  /// - Throws: When the reader is gone or the disk full.
  static func result(_ text: String) throws(CommandFailure) {
    if let code = write(text, to: STDOUT_FILENO) {
      throw CommandFailure(
        .inputOutputFailure, "cannot write to standard output: \(message(for: code))")
    }
  }

  /// Writes a message to standard error; there is nobody to tell when that fails.
  static func message(_ text: String) {
    _ = write(text, to: STDERR_FILENO)
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

  /// Whether colours are welcome: `NO_COLOR` is not set to anything (no-color.org).
  static var usesColor: Bool {
    environment("NO_COLOR")?.isEmpty ?? true
  }

  /// The terminal's width at this moment, 80 when it does not say.
  static var columns: Int {
    var size = winsize()
    let result = withUnsafeMutablePointer(to: &size) {
      ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), UnsafeMutableRawPointer($0))
    }
    return result == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }

  private static func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }

  /// The `errno` of the first failure, nil when all was written.
  private static func write(_ text: String, to descriptor: Int32) -> Int32? {
    var bytes = Array(text.utf8)[...]
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
