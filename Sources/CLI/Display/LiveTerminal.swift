import Glibc
import Synchronization

/// The state of the terminal: its owner, and the visibility of the cursor.
///
/// Every way to end or suspend the process can thus restore the terminal.
enum LiveTerminal {
  /// The owner of the terminal.
  enum Turn {
    /// This process, and its lines are where they were drawn.
    case ours
    /// This process, but its lines have scrolled away because it was suspended.
    case oursAgain
    /// The shell, because the process was suspended and continues in the background.
    case others
  }

  private struct State {
    var isCursorHidden = false
    /// A Boolean value indicating whether the process was suspended after the latest drawing.
    var wasAway = false
  }

  private static let state = Mutex(State())

  static func hideCursor() {
    state.withLock { state in
      state.isCursorHidden = true
      Console.message("\u{1B}[?25l")
    }
  }

  static func showCursor() {
    state.withLock { show(&$0, "") }
  }

  /// Restores the terminal, and ends the live lines, on an exit that skips `ProgressDisplay.close`.
  static func abandon() {
    state.withLock { show(&$0, "\r\n") }
  }

  /// Restores the terminal before the process is suspended.
  static func leave() {
    state.withLock { state in
      guard state.isCursorHidden else { return }
      show(&state, "\r\n")
      state.wasAway = true
    }
  }

  /// Returns the owner of the terminal, and takes the terminal back after a suspension.
  static func turn() -> Turn {
    state.withLock { state in
      guard state.wasAway else { return .ours }
      let group = tcgetpgrp(STDERR_FILENO)
      guard group == -1 || group == getpgrp() else { return .others }
      state = State(isCursorHidden: true)
      Console.message("\u{1B}[?25l")
      return .oursAgain
    }
  }

  private static func show(_ state: inout State, _ more: String) {
    guard state.isCursorHidden else { return }
    state.isCursorHidden = false
    Console.message("\u{1B}[?25h" + more)
  }
}
