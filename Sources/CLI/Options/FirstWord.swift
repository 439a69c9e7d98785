import Glibc

/// A check of a first word that is not a command.
///
/// Such a word is a source. A mistyped command, however, must not start a download of the word
/// after it. A word without a dot, slash or colon that names no file, link or hash is therefore an
/// error.
enum FirstWord {
  /// Checks, before the work begins, that the first word is a source.
  ///
  /// - Throws: `.unknownCommand` with the nearest command.
  static func check(_ invocation: Invocation) throws(UsageError) {
    guard invocation.command == .download, let word = invocation.undecidedWord,
      looksLikeCommand(word), unsafe access(word, F_OK) != 0
    else { return }
    throw .unknownCommand(
      TerminalText.cleaned(word), nearest: Suggestion.nearest(to: word, among: Command.words))
  }

  /// Returns whether a word has the form of a command.
  static func looksLikeCommand(_ word: String) -> Bool {
    guard case .file = SourceArgument(word) else { return false }
    return !word.isEmpty && !word.contains { $0 == "." || $0 == "/" || $0 == ":" }
  }
}
