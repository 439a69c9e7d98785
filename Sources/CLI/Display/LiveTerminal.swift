import Glibc
import Synchronization

/// Whose turn it is to draw on the terminal, and whether the cursor is hidden there, so that every way
/// out of the process, and every pause of it, can leave the terminal as it was.
enum LiveTerminal {
  /// Who may draw at this moment.
  enum Turn {
    /// We may, and what we drew is where it was.
    case ours
    /// We may, but what we drew has scrolled away: the process was suspended meanwhile.
    case oursAgain
    /// The shell has the terminal: the process was suspended and goes on in the background.
    case others
  }

  private struct State {
    var isCursorHidden = false
    /// Whether the process was suspended since something was drawn last.
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

  /// For a way out that skips `ProgressDisplay.close`: ends the live lines as well.
  static func abandon() {
    state.withLock { show(&$0, "\r\n") }
  }

  /// The process will be suspended.
  static func leave() {
    state.withLock { state in
      guard state.isCursorHidden else { return }
      show(&state, "\r\n")
      state.wasAway = true
    }
  }

  /// Looks whose turn it is, before something is drawn.
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
