/// The texts of `completions`, generated from the tables of commands and options.
package enum CompletionScript: String, CaseIterable, Sendable {
  /// The script for bash.
  case bash
  /// The script for zsh.
  case zsh
  /// The script for fish.
  case fish
  /// The manual page in the language of man(7).
  case man

  /// The words that `completions` accepts.
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

  /// The commands with completions; `download`, which has no word, comes first.
  static let commands = Command.allCases.filter { $0 != .version }

  /// The spellings of all options that take a value.
  static let valueSpellings = OptionTable.all.filter { $0.value != nil }.flatMap(\.spellings)

  /// Returns the description of one spelling of an option.
  static func summary(of spelling: String, _ option: OptionSpecification) -> String {
    spelling == option.negation ? "turn off \(option.name)" : option.summary
  }
}
