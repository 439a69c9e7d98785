import Hashing

/// The help, generated from the tables of commands, options, examples and exit statuses.
package enum HelpText {
  /// The maximum number of columns in a line.
  package static let width = 80

  /// Returns the whole help, or that of one command.
  package static func text(topic: String?) -> String {
    guard let topic, let command = Command(rawValue: topic), command != .help else {
      return overview
    }
    return """
      Usage: \(command.synopsis)

      \(capitalized(command.summary)).

      \(options(OptionTable.groups(of: command)))
      \(examples(of: command))
      """
  }

  /// Returns the output of `--version`.
  package static func version(_ verbosity: Verbosity) -> String {
    let first = "swift-torrent \(CommandLineTool.version)\n"
    return verbosity == .verbose ? first + "hash kernel: \(HashKernel.choice)\n" : first
  }

  /// All options by group in two columns, which is also the README's list.
  package static var optionList: String { options(OptionTable.groups) }

  private static var overview: String {
    """
    swift-torrent: download torrents, verify every byte, and exit.

    Usage: \(Command.download.synopsis)
           swift-torrent COMMAND [ARGUMENT]… [OPTION]…

    Commands:
    \(list(Command.allCases.dropFirst().dropLast().map { ($0.usage, $0.summary) }, column: 32))
    A SOURCE is a .torrent file, the http(s) URL of one, a magnet link, an
    info-hash, or - for a .torrent on standard input.

    \(examples(of: .download))
    \(optionList)
    TIME is written 30s, 5m or 1h30m; SIZE and RATE 512K, 1.5M or 2MiB, where
    1K = 1KB = 1KiB = 1024 bytes. 'swift-torrent help COMMAND' shows the options of
    one command, 'swift-torrent completions man' the manual page.

    Exit status:
    \(list(ExitStatus.allCases.map { (String($0.rawValue), $0.meaning) }, column: 6))\
    On SIGINT, SIGTERM, SIGHUP and SIGQUIT, progress is saved; then the process dies
    of the signal.

    """
  }

  private static func options(_ groups: [OptionGroup]) -> String {
    groups.map { group in
      "\(group.title):\n" + list(group.options.map { ($0.usage, $0.summary) }, column: 32)
    }.joined(separator: "\n")
  }

  private static func examples(of command: Command) -> String {
    let examples = Example.of(command)
    let title = examples.count == 1 ? "Example" : "Examples"
    return "\(title):\n"
      + examples.map { "  \($0.line)\n      \($0.meaning)\n" }.joined()
  }

  /// Returns rows in two columns; text that does not fit beside its term begins on the next line.
  private static func list(_ rows: [(String, String)], column: Int) -> String {
    let indent = String(repeating: " ", count: column)
    return rows.map { left, right in
      let head = "  \(left)"
      let room = column - TerminalText.width(head)
      let start = room < 2 ? "\(head)\n\(indent)" : head + String(repeating: " ", count: room)
      return start + wrapped(right, to: width - column).joined(separator: "\n" + indent) + "\n"
    }.joined()
  }

  /// Returns lines of at most that many columns, broken at spaces.
  static func wrapped(_ text: String, to columns: Int) -> [String] {
    var lines: [String] = []
    for word in text.split(separator: " ") {
      if let last = lines.last, TerminalText.width("\(last) \(word)") <= columns {
        lines[lines.count - 1] += " " + word
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }

  private static func capitalized(_ text: String) -> String {
    text.prefix(1).uppercased() + text.dropFirst()
  }
}
