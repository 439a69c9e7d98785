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
    case .info: "info SOURCE… [OPTION]…"
    case .verify: "verify SOURCE… [-o DIR] [OPTION]…"
    case .create: "create PATH [-o FILE] [OPTION]…"
    case .seed: "seed SOURCE… [-o DIR] [OPTION]…"
    case .scrape: "scrape SOURCE|URL|INFO-HASH…"
    case .tracker: "tracker --listen HOST:PORT"
    case .demo: "demo"
    case .completions: "completions \(CompletionScript.names.joined(separator: "|"))"
    case .help: "help [COMMAND]"
    case .version: "--version [--verbose]"
    }
  }

  /// What messages call the command.
  var shownName: String { self == .download ? "downloads" : "'\(rawValue)'" }

  /// The whole usage line.
  package var synopsis: String { "swift-torrent \(usage)" }

  /// What the command does, in one line.
  package var summary: String {
    switch self {
    case .download: "download, verify every byte, and exit"
    case .info: "show what is in a torrent"
    case .verify: "check data on disk without changing it"
    case .create: "make a torrent from a file or folder"
    case .seed: "seed complete data until interrupted"
    case .scrape: "ask trackers how many peers a torrent has"
    case .tracker: "run a small HTTP and UDP tracker until interrupted"
    case .demo: "test this installation with a swarm inside one process"
    case .completions: "print shell completions or the manual page"
    case .help: "show this help, or that of a command"
    case .version: "show the version; with --verbose also the hash kernel"
    }
  }

  /// How many arguments the command takes besides its options.
  var argumentCount: ClosedRange<Int> {
    switch self {
    case .download, .seed, .info, .verify, .scrape: 1...Int.max
    case .create, .completions: 1...1
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
