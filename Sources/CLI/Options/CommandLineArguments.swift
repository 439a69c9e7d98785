import Download

/// The parser of the command line, which follows the option table.
///
/// Options and arguments may be mixed. `--name=value`, `-oDIR` and `-qo DIR` are supported, and
/// `--` ends the options. The first argument selects the command if it is a command's word. If an
/// option is repeated, the last value counts, unless the option is repeatable.
package struct CommandLineArguments {
  private var words: ArraySlice<String>
  private var arguments: [String] = []
  private var given: [GivenOption] = []
  private var command: Command?
  /// The first argument if it stands where a command could.
  private var undecidedWord: String?

  /// Parses the words after the program's name.
  ///
  /// - Throws: The first error.
  /// - Returns: The checked invocation.
  package static func parse(_ words: [String]) throws(UsageError) -> Invocation {
    var parser = CommandLineArguments(words: words[...])
    return try parser.read()
  }

  /// Parses the words for the process, whose failures name the command that was meant.
  package static func invocation(_ words: [String]) throws(CommandFailure) -> Invocation {
    var parser = CommandLineArguments(words: words[...])
    do throws(UsageError) {
      return try parser.read()
    } catch {
      throw error.failure(for: parser.likelyCommand)
    }
  }

  private mutating func read() throws(UsageError) -> Invocation {
    try sortWords()
    return try invocation()
  }

  /// The command that was given, or that the remaining words name.
  private var likelyCommand: Command {
    command ?? (arguments.isEmpty ? words.lazy.compactMap(Command.named).first : nil) ?? .download
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
    guard word.hasPrefix("--") else { return try takeLetters(of: word) }
    guard let equals = word.firstIndex(of: "=") else { return try take(word, attached: nil) }
    try take(String(word[..<equals]), attached: String(word[word.index(after: equals)...]))
  }

  /// Takes short options that share a dash: `-qv`, `-qo DIR` or `-qoDIR`.
  private mutating func takeLetters(of word: String) throws(UsageError) {
    // Otherwise -overwrite would put the data into a folder called "verwrite".
    let long = "-" + word.prefix { $0 != "=" }
    if word.count > 2, !OptionTable.options(spelled: long).isEmpty {
      throw .unknownOption(String(long.dropFirst()), nearest: long)
    }
    var letters = word.dropFirst()
    while let letter = letters.popFirst() {
      let spelling = "-\(letter)"
      let takesValue = OptionTable.options(spelled: spelling).contains { $0.value != nil }
      try take(spelling, attached: takesValue && !letters.isEmpty ? String(letters) : nil)
      if takesValue { return }
    }
  }

  private mutating func take(_ spelling: String, attached: String?) throws(UsageError) {
    let options = OptionTable.options(spelled: spelling)
    guard let first = options.first else {
      throw .unknownOption(TerminalText.cleaned(spelling), nearest: nearest(to: spelling))
    }
    // Options with the same spelling differ in their commands, not in their values.
    if first.value == nil, attached != nil { throw .unexpectedValue(option: spelling) }
    let words = try words(for: first, spelling, attached)
    given.append(GivenOption(options: options, spelling: spelling, words: words))
  }

  /// Returns the option that a wrong one was probably meant to be, preferably of this command.
  private func nearest(to spelling: String) -> String? {
    func longNames(_ options: [OptionSpecification]) -> [String] {
      options.flatMap(\.spellings).filter { $0.hasPrefix("--") }
    }
    let own = longNames(OptionTable.options(of: likelyCommand))
    return Suggestion.nearest(to: spelling, among: own)
      ?? Suggestion.nearest(to: spelling, among: longNames(OptionTable.all))
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

  /// Builds the invocation, and checks rules that concern more than one part of it.
  private func invocation() throws(UsageError) -> Invocation {
    var invocation = Invocation()
    invocation.command = command ?? .download
    invocation.arguments = arguments
    invocation.undecidedWord = undecidedWord
    let options = try chosenOptions(for: invocation.command)
    for (option, entry) in zip(options, given) { try entry.apply(option, to: &invocation) }
    let names = options.map(\.name)
    if names.contains("--help") { invocation.command = .help }
    try checkConflicts(&invocation, names)
    try checkArguments(invocation)
    invocation.session.dht = invocation.dht.options
    return invocation
  }

  /// Returns the given options as those of the command.
  private func chosenOptions(
    for command: Command
  ) throws(UsageError) -> [OptionSpecification] {
    var chosen: [OptionSpecification] = []
    for entry in given {
      guard let option = entry.options.first(where: { $0.commands.contains(command) }) else {
        let owners = Command.allCases.filter { owner in
          entry.options.contains { $0.commands.contains(owner) }
        }
        let own = OptionTable.options(of: command).map(\.name)
        throw .optionNotForCommand(
          entry.spelling, command, owners: owners,
          nearest: own.first { $0.hasPrefix(entry.spelling + "-") })
      }
      chosen.append(option)
    }
    return chosen
  }

  private func checkConflicts(
    _ invocation: inout Invocation, _ names: [String]
  ) throws(UsageError) {
    if invocation.dht.isWanted == false, let other = names.first(where: { $0.hasPrefix("--dht-") })
    {
      throw .conflictingOptions("--no-dht", other)
    }
    if invocation.command == .tracker, invocation.listenPlace == nil {
      throw .missingOption("--listen HOST:PORT", .tracker)
    }
    let inputs = arguments.filter { $0 == "-" }.count
    if SourceArgument.areTaken(by: invocation.command),
      inputs + (invocation.batch.inputFile == "-" ? 1 : 0) > 1
    {
      throw .standardInputTwice
    }
    try checkSavedTorrent(invocation)
    if invocation.command == .seed {
      // All torrents are seeded at once, because seeding may never end.
      invocation.torrent.content.seedsOnly = true
      invocation.batch.jobs = .max
    }
  }

  /// Checks `--save-torrent`: a file holds only one torrent, and standard output only one result.
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

/// An option as given on the command line.
private struct GivenOption {
  /// The options with this spelling, of which the command selects one.
  let options: [OptionSpecification]
  let spelling: String
  let words: [String]

  func apply(
    _ option: OptionSpecification, to invocation: inout Invocation
  ) throws(UsageError) {
    switch option.action {
    case .flag(let set): set(&invocation)
    case .toggle(let set): set(&invocation, spelling != option.negation)
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
