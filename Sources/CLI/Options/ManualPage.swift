/// The manual page, made from the tables of commands, options and exit statuses.
package enum ManualPage {
  /// The page in man(7)'s language.
  package static var text: String {
    """
    .TH SWIFT-TORRENT 1 "" "swift-torrent \(CommandLineTool.version)"
    .SH NAME
    swift\\-torrent \\- download torrents, verify every byte, and end
    .SH SYNOPSIS
    \(Command.allCases.map { ".B swift\\-torrent\n\(escaped($0.usage))\n" }.joined(separator: ".br\n"))\
    .SH DESCRIPTION
    Fetches each SOURCE, verifies every byte against the torrent, and ends with an exit status that
    tells the truth.
    A SOURCE is a .torrent file, the http(s) URL of one, a magnet link, an info-hash, or
    \\- for a .torrent on standard input.
    A file that is called like a command is written ./info.
    .SH COMMANDS
    \(Command.allCases.map { item(bold($0.usage), $0.summary) }.joined())\
    .SH OPTIONS
    \(OptionTable.all.map { item(bold(usage($0)), "\($0.summary)\(commands(of: $0))") }.joined())\
    .SH EXIT STATUS
    \(ExitStatus.allCases.map { item(bold(String($0.rawValue)), $0.meaning) }.joined())\
    .PP
    On SIGINT, SIGTERM, SIGHUP and SIGQUIT progress is saved, then the process dies of
    the signal.
    .SH ENVIRONMENT
    \(item(bold("NO_COLOR"), "when set to anything, --color auto means never"))\
    \(HookFacts.variables.map { item(bold($0.name), "for --on-complete: \($0.meaning)") }.joined())
    """
  }

  private static func usage(_ option: OptionSpecification) -> String {
    option.spellings.joined(separator: ", ") + (option.value.map { " \($0.placeholder)" } ?? "")
  }

  /// To which commands an option belongs, unless to all.
  private static func commands(of option: OptionSpecification) -> String {
    let names = Command.allCases.filter { option.commands.contains($0) }.map(\.rawValue)
    return names.count == Command.allCases.count ? "" : " (\(names.joined(separator: ", ")))"
  }

  private static func item(_ head: String, _ text: String) -> String {
    ".TP\n\(head)\n\(escaped(text))\n"
  }

  private static func bold(_ text: String) -> String { ".B \"\(escaped(text))\"" }

  /// Safe as text, as an argument in quotes, and at the start of a line.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "\\": result += "\\e"
      case "-": result += "\\-"
      case "\"": result += "\\(dq"
      case "…": result += "..."
      default: result.append(character)
      }
    }
    // A line that begins with a dot or a quote would be a request.
    return result.hasPrefix(".") || result.hasPrefix("'") ? "\\&" + result : result
  }
}
