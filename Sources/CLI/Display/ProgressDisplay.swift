import Download
import Glibc
import Primitives

/// The progress of runs on standard error: live lines on a terminal, plain lines elsewhere.
struct ProgressDisplay {
  private enum Style {
    case live
    case plain
    case none
  }

  private let verbosity: Verbosity
  private let style: Style
  private let usesColor: Bool
  /// A Boolean value indicating whether lines begin with the name of their torrent.
  private let namesTorrents: Bool
  private var views: [Int: (name: String, view: TorrentView)] = [:]
  private var frame = LiveFrame()

  /// Creates a display for one run, or for several, whose lines begin with the name of their
  /// torrent.
  init(_ streams: StreamOptions, isForSeveral: Bool = false) {
    verbosity = streams.verbosity
    namesTorrents = isForSeveral
    usesColor = Console.usesColor(streams.color)
    style =
      switch streams.progress {
      case _ where streams.verbosity == .quiet: .none
      case .none: .none
      case .plain: .plain
      case .bar: .live
      case .auto: Console.isTerminal ? .live : .plain
      }
    if style == .live { LiveTerminal.hideCursor() }
  }

  /// Begins to show a run.
  mutating func begin(
    _ number: Int, name: String, isSeeding: Bool, work: DiskWork = .checking
  ) {
    let view = TorrentView(
      name: name, isSeeding: isSeeding, work: work, verbosity: verbosity, usesColor: usesColor,
      now: Self.now)
    views[number] = (TerminalText.cleaned(name), view)
    redraw()
  }

  /// Shows an event, if it changes the display or has a message.
  mutating func show(_ event: DownloadEvent, of number: Int) {
    guard let name = views[number]?.name else { return }
    if let line = views[number]?.view.note(event) { note(line, of: name, event) }
    switch style {
    case .live: redraw()
    case .plain:
      if let line = views[number]?.view.plainLine(now: Self.now) { printAbove(line) }
    case .none: break
    }
  }

  private mutating func note(_ line: String, of name: String, _ event: DownloadEvent) {
    // The first line of a run already begins with the name.
    if case .started = event { return printAbove(line) }
    printAbove(namesTorrents ? "\(name): \(line)" : line)
  }

  /// Shows a message, unless the verbosity is quiet.
  mutating func note(_ line: String) {
    if verbosity != .quiet { printAbove(TerminalText.cleaned(line)) }
  }

  /// Shows a failure at any verbosity.
  mutating func fail(_ failure: CommandFailure) {
    printAbove(String(failure.text.dropLast()))
  }

  /// Ends the display of a run with a last line.
  mutating func end(_ number: Int, _ line: String?) {
    views[number] = nil
    if views.isEmpty {
      clear()
    } else {
      redraw()
    }
    if let line { printAbove(line) }
  }

  /// Restores the terminal.
  mutating func close() {
    guard style == .live else { return }
    clear()
    LiveTerminal.showCursor()
  }

  private mutating func clear() {
    guard mayDraw() else { return }
    Console.message(frame.clear(columns: Console.terminalSize.columns))
  }

  private mutating func redraw() {
    guard style == .live, mayDraw() else { return }
    let (columns, rows) = Console.terminalSize
    let shown = views.sorted { $0.key < $1.key }.map(\.value.view)
    let text = frame.draw(
      LiveLayout.lines(of: shown, columns: columns, rows: rows), columns: columns)
    if !text.isEmpty { Console.message(text) }
  }

  /// Returns whether live lines may be drawn, and forgets those that have scrolled away.
  private mutating func mayDraw() -> Bool {
    let turn = LiveTerminal.turn()
    if turn != .ours { frame = LiveFrame() }
    return turn != .others
  }

  private mutating func printAbove(_ line: String) {
    if style == .live { _ = mayDraw() }
    Console.message(
      style == .live ? frame.above(line, columns: Console.terminalSize.columns) : line + "\n")
  }

  private static var now: Instant {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }
}
