import Download

/// Every option that works: the parser, the help, the manual page, the completions and the README
/// follow this one table.
package enum OptionTable {
  /// The options, in the order in which the help lists them.
  package static let all: [OptionSpecification] =
    output + selection + batch + limits + creation + network + sources + listening + messages

  /// The options that a command takes, in order.
  package static func options(of command: Command) -> [OptionSpecification] {
    all.filter { $0.commands.contains(command) && ($0.name != "--version" || command == .download) }
  }

  static let transfers: Set<Command> = [.download, .seed]
  /// Those that look for peers, if only for the metadata of a magnet link.
  static let seekers: Set<Command> = [.download, .seed, .info, .verify]
  static let everything = Set(Command.allCases)
}

// MARK: - The data

extension OptionTable {
  private static let output: [OptionSpecification] = [
    OptionSpecification(
      "--output-dir", short: "-o", "the folder that holds the data (default: the current one)",
      for: [.download, .seed, .verify],
      .value(OptionValue("DIR", .folder)) { invocation, text throws(ExpectedValue) in
        invocation.download.folder = try OptionText.path(text)
      }),
    OptionSpecification(
      "--overwrite", "change files at the target that are not ours",
      for: [.download, .create, .info],
      .toggle { invocation, isOn in
        invocation.download.overwrite = isOn
        invocation.creation.overwrites = isOn
      }),
    OptionSpecification(
      "--fsync", "wait until the data is on the disk before ending", for: [.download],
      .toggle { invocation, isOn in invocation.download.synchronizes = isOn }),
    OptionSpecification(
      "--memory", "the bound of each torrent's piece buffers (default: 64M)", for: transfers,
      .value(OptionValue("SIZE")) { invocation, text throws(ExpectedValue) in
        guard let size = ByteText.parse(text), (1 << 20...1 << 36).contains(size) else {
          throw ExpectedValue("a size from 1M to 64G")
        }
        invocation.download.memoryLimit = Int(size)
      }),
  ]
}

// MARK: - Several torrents

extension OptionTable {
  private static let batch: [OptionSpecification] = [
    OptionSpecification(
      "--input-file", short: "-i", "more sources, one a line; - is standard input",
      for: transfers,
      .value(OptionValue("FILE", .file)) { invocation, text throws(ExpectedValue) in
        invocation.batch.inputFile = try OptionText.path(text)
      }),
    OptionSpecification(
      "--jobs", short: "-j",
      "download so many torrents at a time (default: \(BatchOptions.usualJobs))",
      for: [.download],
      .value(OptionValue("N")) { invocation, text throws(ExpectedValue) in
        invocation.batch.jobs = try OptionText.number(text, in: 1...100)
      }),
    OptionSpecification(
      "--list", "list the files with their numbers; download nothing", for: [.download],
      .toggle { invocation, isOn in invocation.batch.listsOnly = isOn }),
    OptionSpecification(
      "--on-complete", "run this after each download; ends at a word that is ';'",
      for: [.download],
      .words(OptionValue("CMD ARG… ;", .program)) { invocation, words in
        invocation.batch.onComplete = words
      }),
  ]
}

// MARK: - The network

extension OptionTable {
  private static let network: [OptionSpecification] = [
    OptionSpecification(
      "--port", "listen for peers there (default: any free port)", for: seekers,
      .value(OptionValue("PORT")) { invocation, text throws(ExpectedValue) in
        guard let port = UInt16(text) else { throw ExpectedValue("a port from 0 to 65535") }
        invocation.download.port = port
      }),
    OptionSpecification(
      "--peer", "connect to this peer as well; may be repeated", for: seekers,
      isRepeatable: true,
      .value(OptionValue("ADDRESS:PORT")) { invocation, text throws(ExpectedValue) in
        invocation.download.peers.append(try OptionText.endpoint(text))
      }),
    OptionSpecification(
      "--max-peers", "connections of each torrent at most (default: 1000)", for: transfers,
      .value(OptionValue("N")) { invocation, text throws(ExpectedValue) in
        invocation.download.maximumPeers = try OptionText.number(text, in: 1...65535)
      }),
    OptionSpecification(
      "--pipeline", "keep N blocks requested from each peer (default: adaptive)",
      for: [.download],
      .value(OptionValue("N")) { invocation, text throws(ExpectedValue) in
        invocation.download.pipeline = try OptionText.number(text, in: 1...65535)
      }),
  ]
}

extension OptionTable {
  private static let listening: [OptionSpecification] = [
    OptionSpecification(
      "--listen", "where the tracker listens; port 0 is any free port", for: [.tracker],
      .value(OptionValue("ADDRESS:PORT")) { invocation, text throws(ExpectedValue) in
        invocation.listenEndpoint = try OptionText.endpoint(text, allowsAnyPort: true)
      })
  ]
}

// MARK: - What is said

extension OptionTable {
  private static let shown: Set<Command> = [.download, .seed, .verify, .create, .demo]

  private static let messages: [OptionSpecification] = [
    OptionSpecification(
      "--json", "results and events as JSON lines on standard output",
      for: [.download, .seed, .info, .verify, .create, .scrape],
      .toggle { invocation, isOn in invocation.streams.json = isOn }),
    OptionSpecification(
      "--quiet", short: "-q", "say nothing unless it fails", for: everything,
      .flag { invocation in invocation.streams.verbosity = .quiet }),
    OptionSpecification(
      "--verbose", short: "-v", "also say what peers and trackers do", for: everything,
      .flag { invocation in invocation.streams.verbosity = .verbose }),
    OptionSpecification(
      "--log", "append everything worth a line, with its time", for: transfers,
      .value(OptionValue("FILE", .file)) { invocation, text throws(ExpectedValue) in
        invocation.streams.logFile = try OptionText.path(text)
      }),
    OptionSpecification(
      "--color", "when colours are used (default: auto)", for: shown,
      .value(.choice(ColorChoice.self)) { invocation, text throws(ExpectedValue) in
        invocation.streams.color = try OptionText.choice(text)
      }),
    OptionSpecification(
      "--progress", "how progress is shown (default: auto)", for: shown,
      .value(.choice(ProgressStyle.self)) { invocation, text throws(ExpectedValue) in
        invocation.streams.progress = try OptionText.choice(text)
      }),
    OptionSpecification(
      "--help", short: "-h", "show the help of the command", for: everything,
      .flag { invocation in
        if invocation.command != .help { invocation.arguments = helpTopic(of: invocation.command) }
        invocation.command = .help
      }),
    OptionSpecification(
      "--version", Command.version.summary, for: everything,
      .flag { invocation in
        invocation.command = .version
        invocation.arguments = []
      }),
  ]

  private static func helpTopic(of command: Command) -> [String] {
    Command.words.contains(command.rawValue) ? [command.rawValue] : []
  }
}
