import CLI
import Testing

@Suite struct TerminalTextTests {
  @Test func controlCharactersNeverReachTheTerminal() {
    #expect(
      TerminalText.cleaned("a\u{1B}[2Jb\r\n\u{7F}\u{9B}")
        == "a\u{FFFD}[2Jb\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}")
  }

  @Test func marksThatTurnTheDirectionAreReplaced() {
    #expect(TerminalText.cleaned("exe.\u{202E}gpj") == "exe.\u{FFFD}gpj")
    #expect(TerminalText.cleaned("\u{2066}x\u{2069}") == "\u{FFFD}x\u{FFFD}")
  }

  @Test func ordinaryTextStays() {
    #expect(TerminalText.cleaned("Müsli 日本語 🎬.mkv") == "Müsli 日本語 🎬.mkv")
  }

  @Test func bytesThatAreNoTextAreReplaced() {
    #expect(TerminalText.cleaned(utf8: [0x61, 0xFF, 0x62]) == "a\u{FFFD}b")
  }

  @Test(arguments: [
    ("abc", 3), ("日本", 4), ("e\u{301}", 1), ("🎬", 2), ("", 0), ("👩‍👩‍👧", 2),
  ])
  func wideCharactersTakeTwoColumns(text: String, width: Int) {
    #expect(TerminalText.width(text) == width)
  }

  @Test func longTextIsCutWithAnEllipsis() {
    #expect(TerminalText.truncated("abcdef", to: 6) == "abcdef")
    #expect(TerminalText.truncated("abcdef", to: 4) == "abc…")
    #expect(TerminalText.truncated("日本語", to: 4) == "日…")
    #expect(TerminalText.truncated("abc", to: 0) == "")
  }
}
