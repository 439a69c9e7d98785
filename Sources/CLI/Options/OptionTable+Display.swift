extension OptionTable {
  private static let shown: Set<Command> = [.download, .seed, .verify, .create, .demo, .info]

  /// The options for messages and output.
  static let display: [OptionSpecification] = [
    OptionSpecification(
      "--json", "print results and events as JSON lines on standard output",
      for: [.download, .seed, .info, .verify, .create, .scrape],
      .toggle { invocation, isOn in invocation.streams.json = isOn }),
    OptionSpecification(
      "--quiet", short: "-q", "print nothing unless something fails", for: everything,
      .flag { invocation in invocation.streams.verbosity = .quiet }),
    OptionSpecification(
      "--verbose", short: "-v", "also report what peers and trackers do", for: everything,
      .flag { invocation in invocation.streams.verbosity = .verbose }),
    OptionSpecification(
      "--log", "append everything that happens to FILE, with timestamps", for: transfers,
      .value(OptionValue("FILE", .file)) { invocation, text throws(ExpectedValue) in
        invocation.streams.logFile = try OptionText.path(text)
      }),
    OptionSpecification(
      "--color", "when to use colours (default: auto)", for: shown,
      .value(.choice(ColorChoice.self)) { invocation, text throws(ExpectedValue) in
        invocation.streams.color = try OptionText.choice(text)
      }),
    OptionSpecification(
      "--progress", "how to show progress (default: auto)", for: shown,
      .value(.choice(ProgressStyle.self)) { invocation, text throws(ExpectedValue) in
        invocation.streams.progress = try OptionText.choice(text)
      }),
    OptionSpecification(
      "--help", short: "-h", "show this help, or that of a command", for: everything,
      .flag { invocation in
        if invocation.command != .help { invocation.arguments = helpTopic(of: invocation.command) }
        invocation.command = .help
      }),
    OptionSpecification(
      "--version", short: "-V", Command.version.summary, for: everything,
      .flag { invocation in
        invocation.command = .version
        invocation.arguments = []
      }),
  ]

  private static func helpTopic(of command: Command) -> [String] {
    Command.words.contains(command.rawValue) ? [command.rawValue] : []
  }
}
