/// A few lines at the bottom of a terminal that are redrawn in place; its functions return the text
/// to send.
///
/// The cursor rests at the end of the last line. Lines must be shorter than the terminal's width.
/// If the terminal has become narrower since they were drawn, they take up several rows, which is
/// accounted for.
package struct LiveFrame: Sendable {
  private var drawn: [String] = []

  /// Creates a frame that is not drawn yet.
  package init() {}

  /// Returns the text that replaces the lines on the terminal by these; empty if they are the same.
  package mutating func draw(_ lines: [String], columns: Int) -> String {
    guard lines != drawn else { return "" }
    defer { drawn = lines }
    let body = lines.map { "\($0)\u{1B}[K" }.joined(separator: "\r\n")
    // The rest of the screen is cleared last, to avoid flicker.
    return start(columns: columns) + body + "\u{1B}[J"
  }

  /// Returns the text that inserts a permanent line above the frame.
  package func above(_ line: String, columns: Int) -> String {
    guard !drawn.isEmpty else { return line + "\n" }
    let body = drawn.map { "\($0)\u{1B}[K" }.joined(separator: "\r\n")
    return start(columns: columns) + "\u{1B}[J" + line + "\r\n" + body
  }

  /// Returns the text that removes the frame.
  package mutating func clear(columns: Int) -> String {
    guard !drawn.isEmpty else { return "" }
    defer { drawn = [] }
    return start(columns: columns) + "\u{1B}[J"
  }

  /// Returns the text that moves the cursor to the start of the first line.
  private func start(columns: Int) -> String {
    let rows = drawn.reduce(0) { rows, line in
      rows + max(1, (TerminalText.shownWidth(line) + max(1, columns) - 1) / max(1, columns))
    }
    return rows > 1 ? "\r\u{1B}[\(rows - 1)A" : "\r"
  }
}
