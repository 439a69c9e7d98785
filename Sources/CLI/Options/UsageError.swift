/// An invalid command line.
package enum UsageError: Error, Equatable, Sendable, CustomStringConvertible {
  /// An unknown option.
  case unknownOption(String, nearest: String?)
  /// A first word that is neither a command nor a source.
  case unknownCommand(String, nearest: String?)
  /// An option of this program among the words of the program that another option runs.
  case optionInHook(String, of: String)
  /// An option of other commands, with those commands and the option of this command that was
  /// probably meant.
  case optionNotForCommand(String, Command, owners: [Command], nearest: String?)
  /// An option without its value, at the end of the line.
  case missingValue(option: String, placeholder: String)
  /// A value for an option that takes none.
  case unexpectedValue(option: String)
  /// A value that the option does not accept.
  case badValue(option: String, value: String, expected: String)
  /// Two options that contradict each other.
  case conflictingOptions(String, String)
  /// A missing argument of a command that needs one.
  case missingArgument(Command)
  /// An excess argument.
  case tooManyArguments(Command, extra: String)
  /// A word that is not one of these.
  case unknownTopic(String, [String], nearest: String?)
  /// A missing option without which the command cannot run.
  case missingOption(String, Command)
  /// Two inputs that would both be read from standard input.
  case standardInputTwice
  /// An unusable line of `--input-file`, by its number counted from 1, with the reason.
  case badInputLine(Int, String)
  /// A single file for the torrents of several sources.
  case savedTorrentForSeveral
  /// A word that is not UTF-8, repaired for display.
  case notUTF8(String)

  /// A one-clause description of the error.
  package var description: String {
    switch self {
    case .notUTF8(let word):
      "'\(word)' is not valid UTF-8; only names in UTF-8 can be used"
    case .unknownOption(let option, let nearest):
      "unknown option \(option)" + Self.suggestion(nearest)
    case .unknownCommand(let word, let nearest):
      "'\(word)' is no command, and there is no file of that name"
        + Self.suggestion(nearest.map { "'\($0)'" })
    case .optionInHook(let word, let option):
      "'\(word)' would be an argument of the program that \(option) runs"
    case .optionNotForCommand(let option, let command, let owners, let nearest):
      "option \(option) belongs to \(Self.list(owners)), not to \(command.shownName)"
        + Self.suggestion(nearest)
    case .missingValue(let option, let placeholder):
      "option \(option) needs a value: \(option) \(placeholder)"
    case .unexpectedValue(let option):
      "option \(option) takes no value"
    case .badValue(let option, let value, let expected):
      "\(option) \(value): expected \(expected)"
    case .conflictingOptions(let first, let second):
      "\(first) and \(second) cannot be used together"
    case .missingArgument(let command):
      command == .download
        ? "nothing to download: name \(command.argumentName)"
        : "'\(command.rawValue)' needs \(command.argumentName)"
    case .tooManyArguments(_, let extra):
      "unexpected argument '\(extra)'"
    case .unknownTopic(let topic, let words, let nearest):
      "'\(topic)' is not one of \(words.joined(separator: ", "))" + Self.suggestion(nearest)
    case .standardInputTwice:
      "standard input (-) can be used only once"
    case .badInputLine(let number, let reason):
      "line \(number) of the input file cannot be used: \(reason)"
    case .savedTorrentForSeveral:
      "--save-torrent works with a single source only"
    case .missingOption(let option, let command):
      "'\(command.rawValue)' needs \(option)"
    }
  }

  /// Returns the usage line that follows the message.
  ///
  /// - Parameter command: The command that was meant.
  /// - Returns: The line without a line break.
  package func hint(for command: Command) -> String {
    if case .optionInHook = self {
      return "end the program's words with a word that is ';', in a shell \\;"
    }
    let help =
      command == .download ? "swift-torrent --help" : "swift-torrent help \(command.rawValue)"
    return "usage: \(command.synopsis); see '\(help)'"
  }

  private static func list(_ commands: [Command]) -> String {
    let names = commands.map(\.shownName)
    guard let last = names.last, names.count > 1 else { return names.joined() }
    return names.dropLast().joined(separator: ", ") + " and " + last
  }

  private static func suggestion(_ nearest: String?) -> String {
    nearest.map { "; did you mean \($0)?" } ?? ""
  }

  /// Returns the failure that ends the process.
  ///
  /// - Parameter command: The command that was meant.
  /// - Returns: The failure with its hint.
  package func failure(for command: Command) -> CommandFailure {
    CommandFailure(.badUsage, description, hint: hint(for: command))
  }
}

/// A search for the word that a mistyped one was probably meant to be.
package enum Suggestion {
  /// Returns the candidate that a word was probably meant to be.
  ///
  /// It is the shortest candidate that begins with the word. Otherwise it is the one with the
  /// fewest typing errors, if they are few enough for a slip, and otherwise one that the word
  /// extends.
  package static func nearest(to word: String, among candidates: [String]) -> String? {
    let longer = candidates.filter { word.utf8.count > 4 && $0.hasPrefix(word) }
    if let shortest = longer.min(by: { $0.utf8.count < $1.utf8.count }) { return shortest }
    let typed = Array(word.unicodeScalars.prefix(64))
    var best: (candidate: String, distance: Int)?
    for candidate in candidates {
      let distance = editDistance(typed, Array(candidate.unicodeScalars))
      if distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    guard let best, best.distance <= max(1, best.candidate.unicodeScalars.count / 3) else {
      return candidates.first { $0.utf8.count > 4 && word.hasPrefix($0 + "-") }
    }
    return best.candidate
  }

  /// Returns the number of insertions, deletions and replacements between two words.
  static func editDistance(_ first: [Unicode.Scalar], _ second: [Unicode.Scalar]) -> Int {
    var row = Array(0...second.count)
    for (line, left) in first.enumerated() {
      var diagonal = row[0]
      row[0] = line + 1
      for (column, right) in second.enumerated() {
        let replaced = diagonal + (left == right ? 0 : 1)
        diagonal = row[column + 1]
        row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
      }
    }
    return row[second.count]
  }
}
