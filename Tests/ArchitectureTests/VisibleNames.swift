/// Finds declarations that other targets could use, and that no code uses.
///
/// A name counts for all declarations that bear it, so a common one hides an unused declaration:
/// the finder is no compiler, but what it reports is unused.
struct VisibleNames {
  /// A name that is declared and never used.
  struct Unused: Hashable {
    /// The file that declares it.
    let path: String
    /// The type around it, if any, and its name.
    let name: String
  }

  private var declared: [(name: String, found: Unused)] = []
  private var used: Set<String> = []

  /// The unused names of the files, in order of path.
  static func unused(in files: [SourceFile]) -> [Unused] {
    var names = VisibleNames()
    for file in files {
      names.addDeclarations(of: file)
      names.addUses(in: file.tokens)
    }
    return names.declared.filter { !names.used.contains($0.name) }.map(\.found)
  }

  private mutating func addDeclarations(of file: SourceFile) {
    for declaration in file.declarations where Self.isCandidate(declaration) {
      declared.append(
        (declaration.name, Unused(path: file.path, name: declaration.path)))
    }
  }

  /// Extensions and initialisers bear the name of a type; operators are no words.
  private static func isCandidate(_ declaration: Declaration) -> Bool {
    let hasOwnName = !["extension", "init", "deinit", "subscript"].contains(declaration.keyword)
    let isWord = declaration.name.utf8.first.map { $0 > 0x40 } ?? false
    return hasOwnName && isWord && !declaration.modifiers.contains("override")
      && (declaration.isVisible || declaration.isInsideVisible)
  }

  /// Every word is a use of its name, unless it declares it, labels an argument, or only passes
  /// an argument on to the property of that name, as initialisers do.
  private mutating func addUses(in tokens: [Token]) {
    for (index, token) in tokens.enumerated() where token.isWord {
      let before = index > 0 ? tokens[index - 1].text : ""
      let after = index + 1 < tokens.count ? tokens[index + 1].text : ""
      if Declaration.keywords.contains(before), !Self.binds(before, after) { continue }
      if after == ":", before != "." { continue }
      if Self.fillsProperty(tokens, at: index) { continue }
      used.insert(token.text)
    }
  }

  /// True if the words around a name are those of `if let name {`, which uses it.
  private static func binds(_ before: String, _ after: String) -> Bool {
    ["let", "var"].contains(before) && ["{", ",", "else"].contains(after)
  }

  /// True if the word is one of the two in `self.name = name`.
  private static func fillsProperty(_ tokens: [Token], at index: Int) -> Bool {
    [index - 2, index - 4].contains { start in
      guard start >= 0, start + 4 < tokens.count else { return false }
      let texts = tokens[start...(start + 4)].map(\.text)
      let isOnlyValue = start + 5 == tokens.count || tokens[start + 5].line > tokens[index].line
      return texts[0] == "self" && texts[1] == "." && texts[3] == "=" && texts[2] == texts[4]
        && isOnlyValue
    }
  }
}
