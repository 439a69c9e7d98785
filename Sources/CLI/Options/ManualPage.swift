/// The manual page, generated from the tables of commands, options, examples and exit statuses.
package enum ManualPage {
  /// The page in the language of man(7), with lines short enough for any formatter.
  package static var text: String {
    """
    .TH SWIFT\\-TORRENT 1 \(CommandLineTool.versionDate) \
    "swift\\-torrent \(CommandLineTool.version)" "User Commands"
    .SH NAME
    swift\\-torrent \\- download torrents, verify every byte, and exit
    .SH SYNOPSIS
    \(Command.allCases.map { ".B swift\\-torrent\n\(filled($0.usage))" }.joined(separator: ".br\n"))\
    .SH DESCRIPTION
    \(filled(description))\
    .SH COMMANDS
    \(Command.allCases.map { item(bold($0.usage), $0.summary) }.joined())\
    .SH OPTIONS
    \(filled(notation))\
    \(OptionTable.groups.map(section).joined())\
    .SH EXIT STATUS
    \(ExitStatus.allCases.map { item(bold(String($0.rawValue)), $0.meaning) }.joined())\
    .PP
    \(filled(signals))\
    .SH ENVIRONMENT
    \(variables.map { item(bold($0.0), $0.1) }.joined())\
    .SH FILES
    \(files.map { item(italic($0.0), $0.1) }.joined())\
    .SH EXAMPLES
    \(examples.map { item(bold($0.line), capitalized($0.meaning) + ".") }.joined())\
    .SH SEE ALSO
    .BR aria2c (1),
    .BR curl (1)

    """
  }

  private static let description = """
    Fetches each SOURCE, verifies every byte against the torrent, and exits with a status that scripts \
    can rely on. A SOURCE is a .torrent file, the http(s) URL of one, a magnet link, an info-hash, or \
    - for a .torrent on standard input. For seed, a folder means every .torrent directly in it. A file that is named like a command is written ./info.
    """

  private static let notation = """
    Options may stand before and after arguments; -- ends them. Short options can share a dash: -qo DIR. \
    Of an option that is given twice the last one counts, unless it is repeatable. TIME is written 30s, \
    5m or 1h30m. SIZE and RATE are written 512K, 1.5M or 2MiB, where 1K, 1KB and 1KiB are 1024 bytes. \
    A HOST is a name or an address, an IPv6 address in brackets. As a limit, 0 means none.
    """

  private static let signals = """
    On SIGINT, SIGTERM, SIGHUP and SIGQUIT, progress is saved and the trackers are told within two \
    seconds; then the process dies of the signal.
    """

  private static let variables =
    [
      ("NO_COLOR", "if it is not empty, --color auto means never"),
      (
        "http_proxy, https_proxy, all_proxy, no_proxy",
        "proxies for http and https, as for curl"
      ),
    ] + HookFacts.variables.map { ($0.name, "for the command of --on-complete: \($0.meaning)") }

  private static let files = [
    (
      "NAME.swift-torrent",
      "beside the data: what is verified so far. While it exists the data of the torrent NAME is "
        + "incomplete; it is removed at the end."
    ),
    (
      "NAME.swift-torrent-part",
      "beside it: data of files that were not selected, but that share a piece with one that was"
    ),
  ]

  private static let examples =
    Example.of(.download)
    + [Command.seed, .create, .verify]
    .flatMap { Example.of($0).prefix(1) }

  private static func section(_ group: OptionGroup) -> String {
    ".SS \(escaped(group.title))\n"
      + group.options.map { option in
        item(bold(usage(option)), "\(option.summary)\(commands(of: option))")
      }.joined()
  }

  private static func usage(_ option: OptionSpecification) -> String {
    option.spellings.joined(separator: ", ") + (option.value.map { " \($0.placeholder)" } ?? "")
  }

  /// Returns the commands that an option belongs to; empty if it belongs to all.
  private static func commands(of option: OptionSpecification) -> String {
    let names = Command.allCases.filter { option.commands.contains($0) }.map(\.rawValue)
    return names.count == Command.allCases.count ? "" : " (\(names.joined(separator: ", ")))"
  }

  private static func item(_ head: String, _ text: String) -> String {
    ".TP\n\(head)\n\(filled(text))"
  }

  private static func bold(_ text: String) -> String { ".B \"\(escaped(text))\"" }

  private static func italic(_ text: String) -> String { ".I \"\(escaped(text))\"" }

  private static func capitalized(_ text: String) -> String {
    text.prefix(1).uppercased() + text.dropFirst()
  }

  /// Returns text in lines of at most 79 bytes, each sentence on a new line.
  private static func filled(_ text: String) -> String {
    var result = ""
    var rest = text[...]
    while !rest.isEmpty {
      let sentence = rest.firstRange(of: ". ").map { rest[..<$0.lowerBound] + "." } ?? rest
      rest = rest.dropFirst(sentence.count).drop { $0 == " " }
      // Escapes make lines longer.
      for line in HelpText.wrapped(String(sentence), to: 64) { result += escaped(line) + "\n" }
    }
    return result
  }

  /// Returns text that is safe in running text, in a quoted argument and at the start of a line.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "\\": result += "\\e"
      case "-": result += "\\-"
      case "\"": result += "\\(dq"
      case "'": result += "\\(aq"
      case "~": result += "\\(ti"
      case "^": result += "\\(ha"
      case "…": result += "..."
      default: result.append(character)
      }
    }
    // A dot at the start of a line would make it a request.
    return result.hasPrefix(".") ? "\\&" + result : result
  }
}
