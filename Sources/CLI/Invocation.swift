package import Download
package import Primitives

/// The commands; `download` has no word of its own: it is what happens to a SOURCE.
package enum Command: String, CaseIterable, Sendable {
  /// Fetch a torrent; it has no word of its own.
  case download
  /// Say what is in a torrent.
  case info
  /// Serve a torrent whose data is complete.
  case seed
  /// Run the small tracker.
  case tracker
  /// Prove the installation.
  case demo
  /// Show the help, or that of one command.
  case help
  /// Show the version.
  case version

  /// The command that the first word names; nil when the word is a SOURCE.
  package static func named(_ word: String) -> Command? {
    word == download.rawValue || word == version.rawValue ? nil : Command(rawValue: word)
  }

  /// The words that a command line may start with.
  package static let words = ["info", "seed", "tracker", "demo", "help"]

  /// The arguments, as usage lines show them.
  package var synopsis: String {
    switch self {
    case .download: "swift-torrent FILE.torrent [-o DIR] [OPTION]…"
    case .info: "swift-torrent info FILE.torrent"
    case .seed: "swift-torrent seed FILE.torrent [-o DIR] [OPTION]…"
    case .tracker: "swift-torrent tracker --listen ADDRESS:PORT"
    case .demo: "swift-torrent demo"
    case .help: "swift-torrent help [COMMAND]"
    case .version: "swift-torrent --version [--verbose]"
    }
  }

  /// What the command does, in one line.
  package var summary: String {
    switch self {
    case .download: "download, verify every byte, and end"
    case .info: "show everything that a torrent says"
    case .seed: "serve verified data until interrupted"
    case .tracker: "run a small HTTP tracker until interrupted"
    case .demo: "download from a swarm on loopback that this process makes"
    case .help: "show the help, or that of one command"
    case .version: "show the version; with --verbose the hash kernel too"
    }
  }

  /// How many arguments the command takes besides its options.
  var argumentCount: ClosedRange<Int> {
    switch self {
    case .download, .info, .seed: 1...1
    case .help: 0...1
    case .tracker, .demo, .version: 0...0
    }
  }
}

/// How much is said on the standard error stream.
package enum Verbosity: Sendable {
  /// Nothing but failures.
  case quiet
  /// Progress and what matters.
  case normal
  /// Also what peers and trackers do.
  case verbose
}

/// A command line, parsed and checked: nothing in it needs another look before the work begins.
package struct Invocation: Sendable {
  /// What to do.
  package var command = Command.download
  /// The arguments that are no options: the SOURCE, or the topic of `help`.
  package var arguments: [String] = []
  /// What the options say about the download; its trackers are still those of `trackers`.
  package var download = DownloadOptions()
  /// Trackers given with `--tracker`.
  package var trackers: [String] = []
  /// Whether the trackers that the torrent names are used.
  package var usesTorrentTrackers = true
  /// Where `tracker` listens.
  package var listenEndpoint: Endpoint?
  /// How much to say.
  package var verbosity = Verbosity.normal

  /// Creates an invocation with nothing but defaults.
  package init() {}

  /// The tiers of trackers to use (BEP 12): those given by option come first, each its own tier.
  ///
  /// - Parameter torrentTrackers: The tiers that the torrent names.
  /// - Returns: What `DownloadOptions.trackers` takes; nil leaves the choice to the torrent.
  package func trackerTiers(torrentTrackers: [[String]]) -> [[String]]? {
    if trackers.isEmpty { return usesTorrentTrackers ? nil : [] }
    return trackers.map { [$0] } + (usesTorrentTrackers ? torrentTrackers : [])
  }
}
