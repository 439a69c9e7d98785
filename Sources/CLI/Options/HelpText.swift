import Hashing

/// The help, made from the tables of commands, options and exit statuses.
package enum HelpText {
  /// The help on everything, or on one command.
  package static func text(topic: String?) -> String {
    guard let topic, let command = Command(rawValue: topic), command != .help else {
      return overview
    }
    return "\(command.synopsis)\n\n\(capitalized(command.summary)).\n\n\(options(of: command))"
  }

  /// What `--version` prints.
  package static func version(_ verbosity: Verbosity) -> String {
    let first = "swift-torrent \(CommandLineTool.version)\n"
    return verbosity == .verbose ? first + "hash kernel: \(HashKernel.choice)\n" : first
  }

  /// The options as two columns, also the README's list.
  package static var optionList: String {
    list(OptionTable.all.map { ($0.usage, $0.summary) })
  }

  private static var overview: String {
    return """
      swift-torrent: download torrents, verify every byte, and end.

      Usage:
      \(list(Command.allCases.dropLast().map { ($0.synopsis, $0.summary) }))
      A SOURCE is a .torrent file, the http(s) URL of one, a magnet link, an info-hash, or
      - for a .torrent on standard input.

      Options:
      \(optionList)
      Exit status:
      \(list(ExitStatus.allCases.map { (String($0.rawValue), $0.meaning) }))\
      SIGINT, SIGTERM, SIGHUP, SIGQUIT: progress is saved, then the process dies of the signal.

      """
  }

  private static func options(of command: Command) -> String {
    "Options:\n" + list(OptionTable.options(of: command).map { ($0.usage, $0.summary) })
  }

  private static func list(_ rows: [(String, String)]) -> String {
    let width = rows.map { TerminalText.width($0.0) }.max() ?? 0
    return rows.map { left, right in
      let padding = String(repeating: " ", count: width - TerminalText.width(left) + 2)
      return "  \(left)\(padding)\(right)\n"
    }.joined()
  }

  private static func capitalized(_ text: String) -> String {
    text.prefix(1).uppercased() + text.dropFirst()
  }
}
