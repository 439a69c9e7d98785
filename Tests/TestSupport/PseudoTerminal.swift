import Foundation
import Glibc
import Synchronization

/// A terminal of given size for a program that a test runs: what the program writes there can be read
/// back.
package final class PseudoTerminal: Sendable {
  /// The path that the program's stream is opened by.
  package let path: String
  private let descriptor: Int32
  private let seen = Mutex<[UInt8]>([])

  /// Opens a terminal.
  ///
  /// - Throws: `ProcessError.conditionNotMet` when the system has none.
  package init(columns: Int, rows: Int) throws {
    descriptor = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
    var number: CInt = 0
    // What unlockpt(3) and ptsname(3) do, which are not to be seen from here.
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

  /// Gives the window another size.
  package func resize(columns: Int, rows: Int) {
    var size = winsize(
      ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
    withUnsafeMutablePointer(to: &size) {
      _ = ioctl(descriptor, UInt(TIOCSWINSZ), UnsafeMutableRawPointer($0))
    }
  }

  /// Everything that was written there so far.
  package var text: String {
    seen.withLock { seen in
      var buffer = [UInt8](repeating: 0, count: 65536)
      while true {
        // An error means that there is nothing yet, or that nobody has the other end any more.
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else { return String(decoding: seen, as: UTF8.self) }
        seen += buffer[..<count]
      }
    }
  }
}
