import Download

/// Reads the words of a command line by the option table.
///
/// Options and arguments may be mixed; `--name=value` and `-oDIR` are understood, and `--` ends the
/// options. The first argument that is a command's word chooses the command.
package struct CommandLineArguments {
  private var words: ArraySlice<String>
  private var arguments: [String] = []
  private var given: [GivenOption] = []
  private var command: Command?
  /// The first argument, when it stands where a command could.
  private var undecidedWord: String?

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
          if command == nil, arguments.isEmpty, !optionsEnded { undecidedWord = word }
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
    guard let option = OptionTable.all.first(where: { $0.spellings.contains(spelling) }) else {
      let names = OptionTable.all.flatMap(\.spellings).filter { $0.hasPrefix("--") }
      throw .unknownOption(
        TerminalText.cleaned(spelling), nearest: Suggestion.nearest(to: spelling, among: names))
    }
    try checkRepetition(of: option, spelling)
    if option.value == nil, attached != nil { throw .unexpectedValue(option: spelling) }
    let words = try words(for: option, spelling, attached)
    given.append(GivenOption(option: option, spelling: spelling, words: words))
  }

  private func checkRepetition(
    of option: OptionSpecification, _ spelling: String
  ) throws(UsageError) {
    guard !option.isRepeatable,
      let earlier = given.first(where: { $0.option.name == option.name })
    else { return }
    guard earlier.isOn == (spelling != option.negation) else {
      throw .conflictingOptions(earlier.spelling, spelling)
    }
    throw .repeatedOption(option.name)
  }

  /// Takes the words that belong to an option.
  private mutating func words(
    for option: OptionSpecification, _ spelling: String, _ attached: String?
  ) throws(UsageError) -> [String] {
    switch option.action {
    case .flag, .toggle:
      return []
    case .value(let value, _):
      guard let word = attached ?? words.popFirst() else {
        throw .missingValue(option: spelling, placeholder: value.placeholder)
      }
      return [word]
    case .words(let value, _):
      if let attached { words = [attached] + words }
      let taken = try HookWords.take(from: &words, option: spelling)
      guard taken.first?.isEmpty == false else {
        throw .missingValue(option: spelling, placeholder: value.placeholder)
      }
      return taken
    }
  }

  /// Puts the parts together and checks what concerns more than one of them.
  private func invocation() throws(UsageError) -> Invocation {
    var invocation = Invocation()
    let asksForHelp = given.contains { $0.option.name == "--help" }
    invocation.command = command ?? .download
    invocation.arguments = arguments
    invocation.undecidedWord = undecidedWord
    try checkBelonging(to: invocation.command)
    for entry in given { try entry.apply(to: &invocation) }
    if asksForHelp { invocation.command = .help }
    try checkConflicts(&invocation)
    try checkArguments(invocation)
    return invocation
  }

  private func checkBelonging(to command: Command) throws(UsageError) {
    for entry in given where !entry.option.commands.contains(command) {
      throw .optionNotForCommand(entry.spelling, command)
    }
  }

  private func checkConflicts(_ invocation: inout Invocation) throws(UsageError) {
    let names = given.map(\.option.name)
    if names.contains("--quiet"), names.contains("--verbose") {
      throw .conflictingOptions("--quiet", "--verbose")
    }
    if invocation.dht.isWanted == false, let other = names.first(where: { $0.hasPrefix("--dht-") })
    {
      throw .conflictingOptions("--no-dht", other)
    }
    if invocation.command == .tracker, invocation.listenEndpoint == nil {
      throw .missingOption("--listen ADDRESS:PORT", .tracker)
    }
    let inputs = arguments.filter { $0 == "-" }.count
    if SourceArgument.areTaken(by: invocation.command),
      inputs + (invocation.batch.inputFile == "-" ? 1 : 0) > 1
    {
      throw .standardInputTwice
    }
    try checkSavedTorrent(invocation)
    if invocation.command == .seed {
      // Whoever gives gives everything at once: there is no end to wait for.
      invocation.download.keepSeeding = true
      invocation.batch.jobs = .max
    }
  }

  /// One file holds one torrent, and standard output one thing.
  private func checkSavedTorrent(_ invocation: Invocation) throws(UsageError) {
    guard invocation.command != .create, let path = invocation.creation.outputPath else { return }
    if arguments.count > 1 || invocation.batch.inputFile != nil { throw .savedTorrentForSeveral }
    guard path == "-" else { return }
    if invocation.command == .info { throw .conflictingOptions("--save-torrent -", "info") }
    if invocation.batch.listsOnly { throw .conflictingOptions("--save-torrent -", "--list") }
    if invocation.streams.json { throw .conflictingOptions("--save-torrent -", "--json") }
  }

  private func checkArguments(_ invocation: Invocation) throws(UsageError) {
    let command = invocation.command
    let range = command.argumentCount
    if invocation.arguments.count < range.lowerBound, invocation.batch.inputFile == nil {
      throw .missingArgument(command)
    }
    if invocation.arguments.count > range.upperBound {
      throw .tooManyArguments(
        command, extra: TerminalText.cleaned(invocation.arguments[range.upperBound]))
    }
    if command == .completions, let name = invocation.arguments.first,
      CompletionScript(rawValue: name) == nil
    {
      throw .unknownTopic(
        TerminalText.cleaned(name), CompletionScript.names,
        nearest: Suggestion.nearest(to: name, among: CompletionScript.names))
    }
    if command == .help, let topic = invocation.arguments.first,
      !Command.words.contains(topic), topic != Command.download.rawValue
    {
      throw .unknownTopic(
        TerminalText.cleaned(topic), Command.words,
        nearest: Suggestion.nearest(to: topic, among: Command.words))
    }
  }
}

/// One option as it stood on the command line.
private struct GivenOption {
  let option: OptionSpecification
  let spelling: String
  let words: [String]

  /// Whether it is not the form that turns something off.
  var isOn: Bool { spelling != option.negation }

  func apply(to invocation: inout Invocation) throws(UsageError) {
    switch option.action {
    case .flag(let set): set(&invocation)
    case .toggle(let set): set(&invocation, isOn)
    case .words(_, let set): set(&invocation, words)
    case .value(_, let set):
      let value = words.first ?? ""
      do {
        try set(&invocation, value)
      } catch {
        throw .badValue(
          option: spelling, value: TerminalText.cleaned(value), expected: error.text)
      }
    }
  }
}
