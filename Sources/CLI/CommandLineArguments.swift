import Download

/// Reads the words of a command line by the option table.
///
/// Options and arguments may be mixed; `--name=value` and `-oDIR` are understood, and `--` ends the
/// options. The first argument that is a command's word chooses the command.
package struct CommandLineArguments {
  private var words: ArraySlice<String>
  private var arguments: [String] = []
  private var given: [(option: OptionSpecification, spelling: String, value: String)] = []
  private var command: Command?

  /// Parses the words that follow the program's name.
  ///
  /// - Throws: The first thing that cannot be understood.
  /// - Returns: The checked invocation.
  package static func parse(_ words: [String]) throws(UsageError) -> Invocation {
    var parser = CommandLineArguments(words: words[...])
    try parser.sortWords()
    return try parser.invocation()
  }

  private init(words: ArraySlice<String>) {
    self.words = words
  }

  /// Sorts the words into options, arguments and the command.
  private mutating func sortWords() throws(UsageError) {
    var optionsEnded = false
    while let word = words.popFirst() {
      if optionsEnded || word == "-" || !word.hasPrefix("-") {
        if command == nil, arguments.isEmpty, !optionsEnded, let named = Command.named(word) {
          command = named
        } else {
          arguments.append(word)
        }
      } else if word == "--" {
        optionsEnded = true
      } else {
        try takeOption(word)
      }
    }
  }

  private mutating func takeOption(_ word: String) throws(UsageError) {
    var spelling = word
    var attached: String?
    if word.hasPrefix("--"), let equals = word.firstIndex(of: "=") {
      spelling = String(word[..<equals])
      attached = String(word[word.index(after: equals)...])
    } else if !word.hasPrefix("--"), word.count > 2 {
      spelling = String(word.prefix(2))
      attached = String(word.dropFirst(2))
    }
    guard let option = Self.option(spelled: spelling) else {
      let names = OptionTable.all.map(\.name)
      throw .unknownOption(
        TerminalText.cleaned(spelling), nearest: Suggestion.nearest(to: spelling, among: names))
    }
    if !option.isRepeatable, given.contains(where: { $0.option.name == option.name }) {
      throw .repeatedOption(option.name)
    }
    guard let placeholder = option.placeholder else {
      guard attached == nil else { throw .unexpectedValue(option: option.name) }
      given.append((option, spelling, ""))
      return
    }
    guard let value = attached ?? words.popFirst() else {
      throw .missingValue(option: spelling, placeholder: placeholder)
    }
    given.append((option, spelling, value))
  }

  private static func option(spelled spelling: String) -> OptionSpecification? {
    OptionTable.all.first { $0.name == spelling || $0.shortName == spelling }
  }

  /// Puts the parts together and checks what concerns more than one of them.
  private func invocation() throws(UsageError) -> Invocation {
    var invocation = Invocation()
    let asksForHelp = given.contains { $0.option.name == "--help" }
    invocation.command = command ?? .download
    invocation.arguments = arguments
    try checkBelonging(to: invocation.command)
    for (option, spelling, value) in given {
      do {
        try option.action(&invocation, value)
      } catch {
        throw .badValue(
          option: spelling, value: TerminalText.cleaned(value), expected: error.text)
      }
    }
    if asksForHelp { invocation.command = .help }
    try checkConflicts(invocation)
    try checkArguments(invocation)
    if invocation.command == .seed { invocation.download.keepSeeding = true }
    return invocation
  }

  private func checkBelonging(to command: Command) throws(UsageError) {
    for entry in given where !entry.option.commands.contains(command) {
      throw .optionNotForCommand(entry.spelling, command)
    }
  }

  private func checkConflicts(_ invocation: Invocation) throws(UsageError) {
    let names = given.map(\.option.name)
    if names.contains("--quiet"), names.contains("--verbose") {
      throw .conflictingOptions("--quiet", "--verbose")
    }
    if invocation.command == .tracker, invocation.listenEndpoint == nil {
      throw .missingOption("--listen ADDRESS:PORT", .tracker)
    }
  }

  private func checkArguments(_ invocation: Invocation) throws(UsageError) {
    let command = invocation.command
    let range = command.argumentCount
    if invocation.arguments.count < range.lowerBound { throw .missingArgument(command) }
    if invocation.arguments.count > range.upperBound {
      throw .tooManyArguments(
        command, extra: TerminalText.cleaned(invocation.arguments[range.upperBound]))
    }
    if command == .help, let topic = invocation.arguments.first,
      !Command.words.contains(topic), topic != Command.download.rawValue
    {
      throw .unknownTopic(
        TerminalText.cleaned(topic),
        nearest: Suggestion.nearest(to: topic, among: Command.words))
    }
  }
}
