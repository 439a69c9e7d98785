/// The commands; `download` has no word of its own: it is what happens to a SOURCE.
package enum Command: String, CaseIterable, Sendable {
  /// Fetch torrents; it has no word of its own.
  case download
  /// Say what is in a torrent.
  case info
  /// Check data against a torrent, changing nothing.
  case verify
  /// Make a torrent.
  case create
  /// Serve torrents whose data is complete.
  case seed
  /// Ask trackers how large swarms are.
  case scrape
  /// Run the small tracker.
  case tracker
  /// Prove the installation.
  case demo
  /// Print what shells and man(1) want to know.
  case completions
  /// Show the help, or that of one command.
  case help
  /// Show the version.
  case version

  /// The command that the first word names; nil when the word is a SOURCE.
  package static func named(_ word: String) -> Command? {
    word == download.rawValue || word == version.rawValue ? nil : Command(rawValue: word)
  }

  /// The words that a command line may start with.
  package static let words = allCases.map(\.rawValue).filter { named($0) != nil }

  /// What follows the program's name, as usage lines show it.
  package var usage: String {
    switch self {
    case .download: "SOURCE… [-o DIR] [OPTION]…"
    case .info: "info SOURCE [--json]"
    case .verify: "verify SOURCE [-o DIR] [OPTION]…"
    case .create: "create PATH [OPTION]…"
    case .seed: "seed SOURCE… [-o DIR] [OPTION]…"
    case .scrape: "scrape SOURCE|URL|INFO-HASH…"
    case .tracker: "tracker --listen ADDRESS:PORT"
    case .demo: "demo"
    case .completions: "completions \(CompletionScript.names.joined(separator: "|"))"
    case .help: "help [COMMAND]"
    case .version: "--version [--verbose]"
    }
  }

  /// The whole usage line.
  package var synopsis: String { "swift-torrent \(usage)" }

  /// What the command does, in one line.
  package var summary: String {
    switch self {
    case .download: "download, verify every byte, and end"
    case .info: "show everything that a torrent says"
    case .verify: "check data on disk, and change nothing"
    case .create: "make a torrent of a file or folder"
    case .seed: "serve verified data until interrupted"
    case .scrape: "ask trackers how many peers a torrent has"
    case .tracker: "run a small HTTP tracker until interrupted"
    case .demo: "download from a swarm on loopback that this process makes"
    case .completions: "print a shell's completions, or the manual page"
    case .help: "show the help, or that of one command"
    case .version: "show the version; with --verbose the hash kernel too"
    }
  }

  /// How many arguments the command takes besides its options.
  var argumentCount: ClosedRange<Int> {
    switch self {
    case .download, .seed, .scrape: 1...Int.max
    case .info, .verify, .create, .completions: 1...1
    case .help: 0...1
    case .tracker, .demo, .version: 0...0
    }
  }

  /// What the arguments are, for messages.
  var argumentName: String {
    switch self {
    case .create: "a file or folder"
    case .completions: "one of \(CompletionScript.names.joined(separator: ", "))"
    default: "a .torrent file, its URL, a magnet link or an info-hash"
    }
  }

  /// What shells may complete an argument with.
  package var argumentKind: OptionValue.Kind? {
    switch self {
    case .download, .info, .verify, .seed, .scrape, .create: .file
    case .completions: .choice(CompletionScript.names)
    case .help: .choice(Command.words)
    case .tracker, .demo, .version: nil
    }
  }
}
