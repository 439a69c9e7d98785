import Download
import Glibc
import Primitives

/// Shows runs on standard error: live lines on a terminal, plain lines elsewhere.
struct ProgressDisplay {
  private enum Style {
    case live
    case plain
    case none
  }

  private let verbosity: Verbosity
  private let style: Style
  private let usesColor: Bool
  /// Whether lines say which torrent they are about.
  private let namesTorrents: Bool
  private var views: [Int: (name: String, view: TorrentView)] = [:]
  private var frame = LiveFrame()

  /// A display for one run, or for several whose lines then name their torrent.
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

  /// Shows what an event means, if anything.
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
    // The first line of a run begins with the name by itself.
    if case .started = event { return printAbove(line) }
    printAbove(namesTorrents ? "\(name): \(line)" : line)
  }

  /// Shows a line of its own, unless nothing is to be said.
  mutating func note(_ line: String) {
    if verbosity != .quiet { printAbove(TerminalText.cleaned(line)) }
  }

  /// Shows a failure, whatever else is to be said.
  mutating func fail(_ failure: CommandFailure) {
    printAbove(String(failure.text.dropLast()))
  }

  /// Shows no more of a run, and the line that ends it.
  mutating func end(_ number: Int, _ line: String?) {
    views[number] = nil
    if views.isEmpty {
      clear()
    } else {
      redraw()
    }
    if let line { printAbove(line) }
  }

  /// Leaves the terminal as it was.
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

  /// Whether live lines may be drawn now; what the terminal shows no more is forgotten.
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
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }
}
