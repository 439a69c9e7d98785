import Download
import Glibc
import Primitives
import Synchronization

/// Shows one run on standard error: a live line on a terminal, plain lines elsewhere.
struct ProgressDisplay {
  private let verbosity: Verbosity
  private let isSeeding: Bool
  private var narrative: DownloadNarrative
  private var plain: PlainProgress
  private let live: ProgressRenderer?
  private var liveLine = ""

  init(name: String, isSeeding: Bool, verbosity: Verbosity) {
    self.verbosity = verbosity
    self.isSeeding = isSeeding
    narrative = DownloadNarrative(verbosity: verbosity, isSeeding: isSeeding)
    plain = PlainProgress(name: name, isSeeding: isSeeding, now: Self.now)
    let isLive = verbosity != .quiet && Console.isTerminal
    live = isLive ? ProgressRenderer(name: name, usesColor: Console.usesColor) : nil
    if isLive { LiveTerminal.hideCursor() }
  }

  /// Shows what an event means, if anything.
  mutating func show(_ event: DownloadEvent) {
    if let line = narrative.line(event) { printAbove(line) }
    guard verbosity != .quiet else { return }
    switch event {
    case .progress(let progress):
      if let live {
        redraw(
          isSeeding
            ? live.seedingLine(progress, columns: Console.columns)
            : live.line(progress, columns: Console.columns))
      } else if let line = plain.line(progress, now: Self.now) {
        Console.message(line + "\n")
      }
    case .checking(let done, let total):
      if let live {
        redraw(live.checkingLine(done: done, total: total, columns: Console.columns))
      } else if let line = plain.checkingLine(done: done, total: total, now: Self.now) {
        Console.message(line + "\n")
      }
    default:
      break
    }
  }

  /// Shows a line of its own, unless nothing is to be said.
  func note(_ line: String) {
    if verbosity != .quiet { printAbove(TerminalText.cleaned(line)) }
  }

  /// Leaves the terminal as it was, and prints the line that ends the run.
  mutating func finish(_ line: String?) {
    if live != nil {
      if !liveLine.isEmpty { Console.message("\r\u{1B}[K") }
      liveLine = ""
      LiveTerminal.showCursor()
    }
    if let line { Console.message(line + "\n") }
  }

  /// The lines for a run that ended well.
  func summary(_ summary: DownloadSummary, name: String) -> String? {
    narrative.summary(summary, name: name)
  }

  private mutating func redraw(_ line: String) {
    guard line != liveLine else { return }
    liveLine = line
    Console.message("\r\(line)\u{1B}[K")
  }

  private func printAbove(_ line: String) {
    if live == nil || liveLine.isEmpty {
      Console.message(line + "\n")
    } else {
      Console.message("\r\u{1B}[K\(line)\n\(liveLine)")
    }
  }

  private static var now: Instant {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }
}

/// Remembers whether the cursor is hidden, so that every way out of the process can restore it.
enum LiveTerminal {
  private static let isCursorHidden = Atomic<Bool>(false)

  static func hideCursor() {
    isCursorHidden.store(true, ordering: .relaxed)
    Console.message("\u{1B}[?25l")
  }

  static func showCursor() {
    if isCursorHidden.exchange(false, ordering: .relaxed) { Console.message("\u{1B}[?25h") }
  }

  /// For a way out that skips `ProgressDisplay.finish`: ends the live line as well.
  static func abandon() {
    if isCursorHidden.exchange(false, ordering: .relaxed) { Console.message("\u{1B}[?25h\r\n") }
  }
}
