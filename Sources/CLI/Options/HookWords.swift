/// The words of `--on-complete`.
enum HookWords {
  /// Takes the words of the program to run, up to a word that is `;` or to the end.
  ///
  /// - Throws: `.optionInHook` if no `;` ends the words and one after the program's name is an
  ///   option of ours, which was hardly meant for the program.
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

  /// Returns whether a word can be read as an option of this program.
  private static func isOption(_ word: String) -> Bool {
    let spelling = word.hasPrefix("--") ? word.prefix { $0 != "=" } : word.prefix(2)
    return OptionTable.all.contains { option in
      guard option.spellings.contains(String(spelling)) else { return false }
      return word.count == spelling.count || option.value != nil
    }
  }
}
