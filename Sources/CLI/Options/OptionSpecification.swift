/// What an option's value is called, and what shells may complete it with.
package struct OptionValue: Hashable, Sendable {
  /// What a value can be.
  package enum Kind: Hashable, Sendable {
    /// Something that nobody can guess.
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
  /// What it can be.
  package let kind: Kind

  init(_ placeholder: String, _ kind: Kind = .text) {
    self.placeholder = placeholder
    self.kind = kind
  }

  /// A value that is one of an enumeration's words.
  static func choice<Choice: RawRepresentable & CaseIterable>(
    _: Choice.Type
  ) -> OptionValue where Choice.RawValue == String {
    let words = Choice.allCases.map(\.rawValue)
    return OptionValue(words.joined(separator: "|"), .choice(words))
  }
}

/// What an option's value should have been.
struct ExpectedValue: Error {
  let text: String
  init(_ text: String) { self.text = text }
}

/// One option: how it is written, what it does, and to which commands it belongs.
package struct OptionSpecification: Sendable {
  /// What the option does to the invocation.
  enum Action: Sendable {
    /// There is one form without a value.
    case flag(@Sendable (inout Invocation) -> Void)
    /// There are two forms, `--x` and `--no-x`.
    case toggle(@Sendable (inout Invocation, Bool) -> Void)
    /// A value follows.
    case value(
      OptionValue, @Sendable (inout Invocation, String) throws(ExpectedValue) -> Void)
    /// All words up to `;` or the end follow.
    case words(OptionValue, @Sendable (inout Invocation, [String]) -> Void)
  }

  /// The long name, with its dashes.
  package let name: String
  /// The short name, with its dash.
  package let shortName: String?
  /// What the option does, in one line.
  package let summary: String
  /// The commands that know it.
  package let commands: Set<Command>
  /// Whether it may be given more than once.
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

  /// The value that follows; nil when none does.
  package var value: OptionValue? {
    switch action {
    case .flag, .toggle: nil
    case .value(let value, _), .words(let value, _): value
    }
  }

  /// The form that turns it off; nil when there is none.
  package var negation: String? {
    if case .toggle = action { "--no-" + name.dropFirst(2) } else { nil }
  }

  /// Every way to write it.
  package var spellings: [String] { [shortName, name, negation].compactMap(\.self) }

  /// The long name as the help shows it, both forms in one.
  private var shownName: String { negation == nil ? name : "--[no-]" + name.dropFirst(2) }

  /// The option as the help shows it: `-o, --output-dir DIR`.
  package var usage: String {
    (shortName.map { "\($0), " } ?? "    ") + shownName + (value.map { " \($0.placeholder)" } ?? "")
  }
}
