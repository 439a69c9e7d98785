import Foundation
import Glibc
import Synchronization

/// A pseudo-terminal of a given size, whose output can be read back by a test.
package final class PseudoTerminal: Sendable {
  /// The path by which the program opens its stream.
  package let path: String
  private let descriptor: Int32
  private let seen = Mutex<[UInt8]>([])

  /// Opens a terminal.
  ///
  /// - Throws: `ProcessError.conditionNotMet` if the system has none.
  package init(columns: Int, rows: Int) throws {
    descriptor = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
    var number: CInt = 0
    // These are the calls behind unlockpt(3) and ptsname(3), which are not visible here.
    guard descriptor >= 0, Self.control(descriptor, 0x4004_5431, &number),
      Self.control(descriptor, 0x8004_5430, &number)
    else { throw ProcessError.conditionNotMet("there is a pseudo-terminal") }
    path = "/dev/pts/\(number)"
    resize(columns: columns, rows: rows)
  }

  private static func control(
    _ descriptor: CInt, _ request: UInt, _ number: inout CInt
  ) -> Bool {
    withUnsafeMutablePointer(to: &number) {
      ioctl(descriptor, request, UnsafeMutableRawPointer($0)) == 0
    }
  }

  deinit {
    close(descriptor)
  }

  /// Changes the size of the window.
  package func resize(columns: Int, rows: Int) {
    var size = winsize(
      ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
    withUnsafeMutablePointer(to: &size) {
      _ = ioctl(descriptor, UInt(TIOCSWINSZ), UnsafeMutableRawPointer($0))
    }
  }

  /// Everything written to the terminal so far.
  package var text: String {
    seen.withLock { seen in
      var buffer = [UInt8](repeating: 0, count: 65536)
      while true {
        // An error means that there is no data yet or that the other end is closed.
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else { return String(decoding: seen, as: UTF8.self) }
        seen += buffer[..<count]
      }
    }
  }
}
