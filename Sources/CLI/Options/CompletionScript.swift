/// What `completions` prints, made from the tables of commands and options.
package enum CompletionScript: String, CaseIterable, Sendable {
  /// For bash.
  case bash
  /// For zsh.
  case zsh
  /// For fish.
  case fish
  /// The manual page, in man(7)'s language.
  case man

  /// The words that may be asked for.
  package static let names = allCases.map(\.rawValue)

  /// The whole text.
  package var text: String {
    switch self {
    case .bash: Self.bashScript
    case .zsh: Self.zshScript
    case .fish: Self.fishScript
    case .man: ManualPage.text
    }
  }

  /// The commands that can be asked for, `download` first, which has no word.
  static let commands = Command.allCases.filter { $0 != .version }

  /// The spellings of options that a value follows.
  static let valueSpellings = OptionTable.all.filter { $0.value != nil }.flatMap(\.spellings)

  /// What one spelling of an option does.
  static func summary(of spelling: String, _ option: OptionSpecification) -> String {
    spelling == option.negation ? "turn off \(option.name)" : option.summary
  }
}
