/// The value of an option: its name in the help, and its completions.
package struct OptionValue: Hashable, Sendable {
  /// The kind of a value, which shells use for completion.
  package enum Kind: Hashable, Sendable {
    /// Free text, for which there are no completions.
    case text
    /// A path to a file.
    case file
    /// A path to a folder.
    case folder
    /// The name of a program.
    case program
    /// One of these words.
    case choice([String])
  }

  /// The name in the help, in capitals.
  package let placeholder: String
  /// The kind of the value.
  package let kind: Kind

  init(_ placeholder: String, _ kind: Kind = .text) {
    self.placeholder = placeholder
    self.kind = kind
  }

  /// Returns a value that is one of an enumeration's words.
  static func choice<Choice: RawRepresentable & CaseIterable>(
    _: Choice.Type
  ) -> OptionValue where Choice.RawValue == String {
    let words = Choice.allCases.map(\.rawValue)
    return OptionValue(words.joined(separator: "|"), .choice(words))
  }
}

/// An error that describes the values that an option accepts.
struct ExpectedValue: Error {
  let text: String
  init(_ text: String) { self.text = text }
}

/// An option: its spellings, its effect and its commands.
package struct OptionSpecification: Sendable {
  /// The option's effect on the invocation.
  enum Action: Sendable {
    /// An option without a value.
    case flag(@Sendable (inout Invocation) -> Void)
    /// An option with the two forms `--x` and `--no-x`.
    case toggle(@Sendable (inout Invocation, Bool) -> Void)
    /// An option followed by a value.
    case value(
      OptionValue, @Sendable (inout Invocation, String) throws(ExpectedValue) -> Void)
    /// An option followed by all words up to `;` or the end.
    case words(OptionValue, @Sendable (inout Invocation, [String]) -> Void)
  }

  /// The long name, with its dashes.
  package let name: String
  /// The short name, with its dash.
  package let shortName: String?
  /// A one-line description.
  package let summary: String
  /// The commands that accept the option.
  package let commands: Set<Command>
  /// A Boolean value indicating whether the option may be given more than once.
  package let isRepeatable: Bool
  let action: Action

  init(
    _ name: String, short: String? = nil, _ summary: String, for commands: Set<Command>,
    isRepeatable: Bool = false, _ action: Action
  ) {
    self.name = name
    self.shortName = short
    self.summary = summary
    self.commands = commands
    self.isRepeatable = isRepeatable
    self.action = action
  }

  /// The value that follows the option, if any.
  package var value: OptionValue? {
    switch action {
    case .flag, .toggle: nil
    case .value(let value, _), .words(let value, _): value
    }
  }

  /// The form that turns the option off, if there is one.
  package var negation: String? {
    if case .toggle = action { "--no-" + name.dropFirst(2) } else { nil }
  }

  /// All spellings of the option.
  package var spellings: [String] { [shortName, name, negation].compactMap(\.self) }

  /// The long name as in the help, with both forms in one.
  private var shownName: String { negation == nil ? name : "--[no-]" + name.dropFirst(2) }

  /// The option as in the help: `-o, --output-dir DIR`.
  package var usage: String {
    (shortName.map { "\($0), " } ?? "    ") + shownName + (value.map { " \($0.placeholder)" } ?? "")
  }
}
