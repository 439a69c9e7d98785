import Download

/// A group of options, under one heading in the help and the manual page.
package struct OptionGroup: Sendable {
  /// The heading.
  package let title: String
  /// The options, in the order in which the help lists them.
  package let options: [OptionSpecification]
}

/// The table of all options.
///
/// The parser, the help, the manual page, the completions and the README all follow it.
package enum OptionTable {
  /// The options by group, in the order in which the help lists them.
  package static let groups = [
    OptionGroup(title: "Output", options: output),
    OptionGroup(title: "Selection", options: selection),
    OptionGroup(title: "Several torrents", options: batch),
    OptionGroup(title: "Peers and trackers", options: peers),
    OptionGroup(title: "Limits and deadlines (0 is no limit)", options: limits),
    OptionGroup(title: "Network", options: network),
    OptionGroup(title: "New torrents", options: creation),
    OptionGroup(title: "Display", options: display),
  ]

  /// All options, in order.
  package static let all = groups.flatMap(\.options)

  /// Returns the options with a spelling; if there are several, they belong to different commands.
  static func options(spelled spelling: String) -> [OptionSpecification] {
    all.filter { $0.spellings.contains(spelling) }
  }

  /// Returns the options that a command accepts, in order.
  package static func options(of command: Command) -> [OptionSpecification] {
    groups(of: command).flatMap(\.options)
  }

  /// Returns the options that a command accepts, by group and without empty groups.
  package static func groups(of command: Command) -> [OptionGroup] {
    groups.compactMap { group in
      let options = group.options.filter { option in
        option.commands.contains(command)
          && (option.name != "--version" || command == .download)
      }
      return options.isEmpty ? nil : OptionGroup(title: group.title, options: options)
    }
  }

  static let transfers: Set<Command> = [.download, .seed]
  /// The commands that search for peers, if only to fetch the metadata of a magnet link.
  static let seekers: Set<Command> = [.download, .seed, .info, .verify]
  static let everything = Set(Command.allCases)
}

// MARK: - Several torrents

extension OptionTable {
  private static let batch: [OptionSpecification] = [
    OptionSpecification(
      "--input-file", short: "-i",
      "read more sources from FILE, one per line; - is standard input",
      for: seekers,
      .value(OptionValue("FILE", .file)) { invocation, text throws(ExpectedValue) in
        invocation.batch.inputFile = try OptionText.path(text)
      }),
    OptionSpecification(
      "--jobs", short: "-j",
      "download at most N torrents at a time (default: \(BatchOptions.usualJobs); 0: all at once)",
      for: [.download],
      .value(OptionValue("N")) { invocation, text throws(ExpectedValue) in
        invocation.batch.jobs = try OptionText.limit(text, in: 1...100) ?? .max
      }),
    OptionSpecification(
      "--on-complete", "run a command after each download; a word that is ';' ends it",
      for: [.download],
      .words(OptionValue("CMD ARG… ;", .program)) { invocation, words in
        invocation.batch.onComplete = words
      }),
  ]
}
