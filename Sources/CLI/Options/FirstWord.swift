import Glibc

/// The first word of a command line that names no command.
///
/// It is a source then. But a mistyped command must not lead to a download of what follows it, so a
/// word without a dot or slash that names no file, link or hash is taken for such.
enum FirstWord {
  /// Checks, before anything begins, that the first word is a source.
  ///
  /// - Throws: `.unknownCommand` with the nearest one.
  static func check(_ invocation: Invocation) throws(UsageError) {
    guard invocation.command == .download, let word = invocation.undecidedWord,
      looksLikeCommand(word), access(word, F_OK) != 0
    else { return }
    throw .unknownCommand(
      TerminalText.cleaned(word), nearest: Suggestion.nearest(to: word, among: Command.words))
  }

  /// Whether a word could be a command, were there one of that name.
  static func looksLikeCommand(_ word: String) -> Bool {
    guard case .file = SourceArgument(word) else { return false }
    return !word.isEmpty && !word.contains { $0 == "." || $0 == "/" || $0 == ":" }
  }
}
