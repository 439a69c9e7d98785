/// A command line as a user could type it, with an explanation.
package struct Example: Hashable, Sendable {
  /// The command line.
  package let line: String
  /// The explanation, as a clause.
  package let meaning: String

  private init(_ line: String, _ meaning: String) {
    self.line = "swift-torrent " + line
    self.meaning = meaning
  }

  /// Returns the examples of a command.
  package static func of(_ command: Command) -> [Example] {
    switch command {
    case .download: downloads
    case .info: infos
    case .verify: verifications
    case .create: creations
    case .seed: seeds
    case .scrape: scrapes
    case .tracker: trackers
    case .demo: [Example("demo", "download from four seeds on loopback, one of which lies")]
    case .completions: completions
    case .help: [Example("help create", "show the options of create")]
    case .version: [Example("--version", "show the version")]
    }
  }

  private static let downloads = [
    Example("debian.torrent -o iso", "download into the folder iso"),
    Example("'magnet:?xt=urn:btih:…' --select '*.mkv'", "only some files of a magnet link"),
    Example("-i list.txt -j 3 --limit-down 5M", "a list, three at a time, at 5 MiB/s"),
  ]

  private static let infos = [
    Example("info debian.torrent", "show name, hash, trackers and files"),
    Example("info *.torrent --json", "the same of several, as JSON lines"),
    Example("info INFO-HASH --save-torrent x.torrent", "fetch and keep a torrent's metadata"),
  ]

  private static let verifications = [
    Example("verify debian.torrent -o iso", "compare the data in the folder iso"),
    Example("verify *.torrent -o iso", "the same for several torrents"),
    Example("verify debian.torrent --files 1,3-5", "check some of the files only"),
  ]

  private static let creations = [
    Example("create photos --tracker https://tracker.example/announce", "make photos.torrent"),
    Example("create photos -o /srv/torrents --exclude '*.tmp'", "leave out temporary files"),
    Example("create photos --reproducible -o -", "write it to standard output"),
  ]

  private static let seeds = [
    Example("seed debian.torrent -o iso --port 6881", "seed until Ctrl-C"),
    Example("seed torrents -o iso --limit-up 1M", "every .torrent in a folder, at 1 MiB/s in all"),
    Example("seed debian.torrent -o iso --seed-ratio 2", "until the share ratio is 2"),
  ]

  private static let scrapes = [
    Example("scrape debian.torrent", "ask the torrent's own trackers"),
    Example("scrape INFO-HASH --tracker udp://tracker.example:6969", "ask this tracker"),
    Example("scrape *.torrent --json", "the same as JSON lines"),
  ]

  private static let trackers = [
    Example("tracker --listen 127.0.0.1:6969", "for this machine only"),
    Example("tracker --listen '[::]:6969'", "at all addresses"),
    Example("tracker --listen localhost:0", "at any free port, which is printed"),
  ]

  private static let completions = [
    Example("completions bash > ~/.bash_completion", "completions for bash"),
    Example("completions man | man -l -", "read the manual page"),
  ]
}
