/// A few lines at the bottom of a terminal that are redrawn in place: what to send for each change.
///
/// The cursor rests at the end of the last line. Lines must be shorter than the terminal is wide; when
/// it has become narrower since they were drawn, they fill several rows by now, which is counted.
package struct LiveFrame: Sendable {
  private var drawn: [String] = []

  /// A frame of which nothing is drawn yet.
  package init() {}

  /// Whether nothing is drawn.
  package var isEmpty: Bool { drawn.isEmpty }

  /// What draws these lines in place of those that are there; empty when they are the same.
  package mutating func draw(_ lines: [String], columns: Int) -> String {
    guard lines != drawn else { return "" }
    defer { drawn = lines }
    let body = lines.map { "\($0)\u{1B}[K" }.joined(separator: "\r\n")
    // What lies below goes last, so that nothing flickers.
    return start(columns: columns) + body + "\u{1B}[J"
  }

  /// What puts a line above the frame, for good.
  package func above(_ line: String, columns: Int) -> String {
    guard !drawn.isEmpty else { return line + "\n" }
    let body = drawn.map { "\($0)\u{1B}[K" }.joined(separator: "\r\n")
    return start(columns: columns) + "\u{1B}[J" + line + "\r\n" + body
  }

  /// What takes the frame away.
  package mutating func clear(columns: Int) -> String {
    guard !drawn.isEmpty else { return "" }
    defer { drawn = [] }
    return start(columns: columns) + "\u{1B}[J"
  }

  /// What moves the cursor to the start of the first line.
  private func start(columns: Int) -> String {
    let rows = drawn.reduce(0) { rows, line in
      rows + max(1, (TerminalText.shownWidth(line) + max(1, columns) - 1) / max(1, columns))
    }
    return rows > 1 ? "\r\u{1B}[\(rows - 1)A" : "\r"
  }
}
