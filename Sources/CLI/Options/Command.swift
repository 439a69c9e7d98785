/// The commands of the program.
package enum Command: String, CaseIterable, Sendable {
  /// Downloads torrents; this command has no word of its own.
  case download
  /// Shows the contents of a torrent.
  case info
  /// Checks data against a torrent without changing it.
  case verify
  /// Creates a torrent.
  case create
  /// Seeds torrents whose data is complete.
  case seed
  /// Asks trackers for the sizes of swarms.
  case scrape
  /// Runs a small tracker.
  case tracker
  /// Tests the installation.
  case demo
  /// Prints shell completions or the manual page.
  case completions
  /// Shows the help, or that of one command.
  case help
  /// Shows the version.
  case version

  /// Returns the command that the first word names; nil if the word is a SOURCE.
  package static func named(_ word: String) -> Command? {
    word == download.rawValue || word == version.rawValue ? nil : Command(rawValue: word)
  }

  /// The words with which a command line may start.
  package static let words = allCases.map(\.rawValue).filter { named($0) != nil }

  /// The words after the program's name, as in usage lines.
  package var usage: String {
    switch self {
    case .download: "SOURCE… [-o DIR] [OPTION]…"
    case .info: "info SOURCE… [OPTION]…"
    case .verify: "verify SOURCE… [-o DIR] [OPTION]…"
    case .create: "create PATH [-o FILE] [OPTION]…"
    case .seed: "seed SOURCE|FOLDER… [-o DIR] [OPTION]…"
    case .scrape: "scrape SOURCE|URL|INFO-HASH…"
    case .tracker: "tracker --listen HOST:PORT"
    case .demo: "demo"
    case .completions: "completions \(CompletionScript.names.joined(separator: "|"))"
    case .help: "help [COMMAND]"
    case .version: "--version [--verbose]"
    }
  }

  /// The name of the command in messages.
  var shownName: String { self == .download ? "downloads" : "'\(rawValue)'" }

  /// The whole usage line.
  package var synopsis: String { "swift-torrent \(usage)" }

  /// A one-line description.
  package var summary: String {
    switch self {
    case .download: "download, verify every byte, and exit"
    case .info: "show what is in a torrent"
    case .verify: "check data on disk without changing it"
    case .create: "make a torrent from a file or folder"
    case .seed: "seed data until interrupted; a FOLDER means every .torrent in it"
    case .scrape: "ask trackers how many peers a torrent has"
    case .tracker: "run a small HTTP and UDP tracker until interrupted"
    case .demo: "test this installation with a swarm inside one process"
    case .completions: "print shell completions or the manual page"
    case .help: "show this help, or that of a command"
    case .version: "show the version; with --verbose also the hash kernel"
    }
  }

  /// The number of arguments that the command takes besides its options.
  var argumentCount: ClosedRange<Int> {
    switch self {
    case .download, .seed, .info, .verify, .scrape: 1...Int.max
    case .create, .completions: 1...1
    case .help: 0...1
    case .tracker, .demo, .version: 0...0
    }
  }

  /// A description of the arguments, for messages.
  var argumentName: String {
    switch self {
    case .create: "a file or folder"
    case .completions: "one of \(CompletionScript.names.joined(separator: ", "))"
    case .seed:
      "a .torrent file, its URL, a magnet link, an info-hash, or a folder of .torrent files"
    default: "a .torrent file, its URL, a magnet link or an info-hash"
    }
  }

  /// The kind of the arguments, which shells use for completion.
  package var argumentKind: OptionValue.Kind? {
    switch self {
    case .download, .info, .verify, .seed, .scrape, .create: .file
    case .completions: .choice(CompletionScript.names)
    case .help: .choice(Command.words)
    case .tracker, .demo, .version: nil
    }
  }
}
