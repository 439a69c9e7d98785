/// The words of `--on-complete`.
enum HookWords {
  /// Takes the words of a program that is to be run, up to one that is `;` or to the end.
  ///
  /// - Throws: `.optionInHook` for an option of ours behind the program's name when no `;` says where
  ///   the words end: it was hardly meant for the program.
  static func take(
    from words: inout ArraySlice<String>, option: String
  ) throws(UsageError) -> [String] {
    var taken: [String] = []
    while let word = words.popFirst() {
      guard word != ";" else { return taken }
      taken.append(word)
    }
    if let stray = taken.dropFirst().first(where: isOption) {
      throw .optionInHook(TerminalText.cleaned(stray), of: option)
    }
    return taken
  }

  /// Whether a word can be read as an option of ours.
  private static func isOption(_ word: String) -> Bool {
    let spelling = word.hasPrefix("--") ? word.prefix { $0 != "=" } : word.prefix(2)
    return OptionTable.all.contains { option in
      guard option.spellings.contains(String(spelling)) else { return false }
      return word.count == spelling.count || option.value != nil
    }
  }
}
