import CLI
import Download
import Primitives
import Testing

/// A terminal that understands what the live view sends: rows of text, a cursor, and wrapping.
private struct TestTerminal {
  let columns: Int
  private(set) var rows: [[Character]] = [[]]
  private var row = 0
  private var column = 0

  init(columns: Int) {
    self.columns = columns
  }

  var text: [String] {
    rows.map { row in
      var row = row
      while row.last == " " { row.removeLast() }
      return String(row)
    }
  }

  mutating func send(_ text: String) {
    var rest = Array(text.unicodeScalars)[...]
    while let scalar = rest.popFirst() {
      switch scalar {
      case "\u{1B}":
        rest.removeFirst()
        let digits = rest.prefix { $0.properties.numericType != nil || $0 == ";" }
        rest = rest.dropFirst(digits.count)
        let number = Int(String(String.UnicodeScalarView(digits))) ?? 0
        act(rest.popFirst() ?? " ", number)
      case "\r": column = 0
      case "\n":
        row += 1
        column = 0
        while rows.count <= row { rows.append([]) }
      default: put(Character(scalar))
      }
    }
  }

  private mutating func act(_ final: Unicode.Scalar, _ number: Int) {
    switch final {
    case "A": row = max(0, row - number)
    case "K": rows[row] = Array(rows[row].prefix(column))
    case "J":
      rows[row] = Array(rows[row].prefix(column))
      rows.removeSubrange((row + 1)...)
    default: break
    }
  }

  private mutating func put(_ character: Character) {
    if column == columns {
      row += 1
      column = 0
      while rows.count <= row { rows.append([]) }
    }
    while rows[row].count <= column { rows[row].append(" ") }
    rows[row][column] = character
    column += 1
  }
}

@Suite struct LiveFrameTests {
  @Test func linesAreRedrawnInPlace() {
    var terminal = TestTerminal(columns: 20)
    var frame = LiveFrame()
    terminal.send(frame.draw(["first 10 %", "second"], columns: 20))
    terminal.send(frame.draw(["first 2 %", "second longer"], columns: 20))
    #expect(terminal.text == ["first 2 %", "second longer"])
    terminal.send(frame.draw(["only one"], columns: 20))
    #expect(terminal.text == ["only one"])
    terminal.send(frame.draw(["a", "b", "c"], columns: 20))
    #expect(terminal.text == ["a", "b", "c"])
  }

  @Test func theSameLinesAreNotSentAgain() {
    var frame = LiveFrame()
    #expect(!frame.draw(["x"], columns: 20).isEmpty)
    #expect(frame.draw(["x"], columns: 20).isEmpty)
  }

  @Test func whatIsSaidScrollsByAbove() {
    var terminal = TestTerminal(columns: 30)
    var frame = LiveFrame()
    terminal.send(frame.above("hello", columns: 30))
    terminal.send(frame.draw(["one", "two"], columns: 30))
    terminal.send(frame.above("banned somebody", columns: 30))
    terminal.send(frame.draw(["one!", "two"], columns: 30))
    #expect(terminal.text == ["hello", "banned somebody", "one!", "two"])
    terminal.send(frame.clear(columns: 30))
    #expect(terminal.text == ["hello", "banned somebody", ""])
    #expect(frame.clear(columns: 30).isEmpty)
  }

  /// A line that was drawn for a wider window has wrapped by the next drawing.
  @Test func aWindowThatBecameNarrowerKeepsNothingOfTheOldLines() {
    var terminal = TestTerminal(columns: 10)
    var frame = LiveFrame()
    terminal.send("above\r\n")
    terminal.send(frame.draw(["0123456789abcdef", "second"], columns: 40))
    #expect(terminal.text == ["above", "0123456789", "abcdef", "second"])
    terminal.send(frame.draw(["new", "lines"], columns: 10))
    #expect(terminal.text == ["above", "new", "lines"])
  }

  @Test func coloursTakeNoRoom() {
    var terminal = TestTerminal(columns: 12)
    var frame = LiveFrame()
    terminal.send(frame.draw(["\u{1B}[32m0123456789\u{1B}[0m", "x"], columns: 12))
    terminal.send(frame.draw(["a", "b"], columns: 12))
    #expect(terminal.text == ["a", "b"])
  }
}

@Suite struct LiveLayoutTests {
  private func views(_ count: Int) -> [TorrentView] {
    (0..<count).map { number in
      var view = TorrentView(
        name: "torrent \(number) 日本語", isSeeding: false, verbosity: .normal, usesColor: false,
        now: .zero)
      var progress = ProgressSnapshot()
      progress.totalBytes = 100
      progress.verifiedBytes = 50
      progress.pieceMap = [1, 0.5, 0, 0]
      _ = view.note(.progress(progress))
      return view
    }
  }

  @Test func eachTorrentHasItsLineAndItsStrip() {
    let lines = LiveLayout.lines(of: views(2), columns: 100, rows: 24)
    #expect(lines.count == 4)
    #expect(lines[0].hasPrefix("torrent 0"))
    #expect(lines[1] == "  █▒··")
  }

  @Test(arguments: 1...30, [1, 2, 5, 24])
  func linesFitTheWindow(count: Int, rows: Int) {
    for columns in [1, 10, 40, 200] {
      let lines = LiveLayout.lines(of: views(count), columns: columns, rows: rows)
      #expect(lines.count <= max(1, rows - 1))
      for line in lines { #expect(TerminalText.width(line) <= columns - 1) }
    }
  }

  @Test func whatDoesNotFitIsCounted() {
    let lines = LiveLayout.lines(of: views(10), columns: 80, rows: 6)
    #expect(lines.count == 5)
    #expect(lines.last == "… and 6 more")
  }

  @Test func checkingIsShownBeforeProgressAndWaitingBeforeThat() {
    var view = TorrentView(
      name: "x", isSeeding: false, verbosity: .normal, usesColor: false, now: .zero)
    #expect(view.liveLines(columns: 80, withStrip: true) == ["x  waiting"])
    #expect(view.liveLines(columns: 80, withStrip: true, nameWidth: 4) == ["x     waiting"])
    _ = view.note(.checking(done: 1, total: 4))
    #expect(view.liveLines(columns: 80, withStrip: true).first?.contains("checking") == true)
  }
}

@Suite struct PieceStripTests {
  @Test func onlyTheWholeLooksWholeAndOnlyTheEmptyEmpty() {
    #expect(PieceStrip.text(shares: [0, 0.001, 0.5, 0.9999, 1], columns: 80) == "·░▒▓█")
  }

  @Test func partsAreJoinedWhenThereIsLessRoom() {
    #expect(PieceStrip.text(shares: [1, 1, 0, 0, 1, 0], columns: 3) == "█·▒")
    #expect(PieceStrip.text(shares: [1, 1], columns: 0).isEmpty)
    #expect(PieceStrip.text(shares: [], columns: 9).isEmpty)
  }
}
