package import Download

/// A command line, parsed and checked: nothing in it needs another look before the work begins.
package struct Invocation: Sendable {
  /// What to do.
  package var command = Command.download
  /// The arguments that are no options: the SOURCEs, or the topic of `help`.
  package var arguments: [String] = []
  /// The first of them, when it stands where a command could: it may be a mistyped one.
  package var undecidedWord: String?
  /// What the options say about each download; its trackers are still those of `trackers`.
  package var download = DownloadOptions()
  /// What is done with several downloads, and after each.
  package var batch = BatchOptions()
  /// Which files are wanted.
  package var selection = SelectionOptions()
  /// Whether http(s) trackers are asked in spite of an address to bind to.
  package var allowsUnboundHTTP = false
  /// What `create` makes.
  package var creation = CreationOptions()
  /// Trackers given with `--tracker`, by tier.
  package var trackers: [[String]] = []
  /// Web seeds given with `--web-seed`.
  package var webSeeds: [String] = []
  /// Whether and how the distributed hash table is used.
  package var dht = DHTChoice()
  /// Whether the trackers that the torrent names are used.
  package var usesTorrentTrackers = true
  /// Where `tracker` listens.
  package var listenPlace: HostAndPort?
  /// What has to be looked up before the work begins.
  package var names = PlaceNames()
  /// What is said, where and how.
  package var streams = StreamOptions()

  /// Creates an invocation with nothing but defaults.
  package init() {}

  /// The tiers of trackers to use (BEP 12): those given by option come first, each its own tier.
  ///
  /// - Parameter torrentTrackers: The tiers that the torrent names.
  /// - Returns: What `DownloadOptions.trackers` takes; nil leaves the choice to the torrent.
  package func trackerTiers(torrentTrackers: [[String]]) -> [[String]]? {
    if trackers.isEmpty { return usesTorrentTrackers ? nil : [] }
    return trackers + (usesTorrentTrackers ? torrentTrackers : [])
  }
}

extension Invocation {
  /// Refuses http(s) when `--bind` is given, since URLSession cannot be held to an address, unless
  /// that was allowed.
  ///
  /// - Parameter asked: What would be asked, for the message.
  /// - Throws: `CommandFailure`.
  func checkBinding(of asked: String) throws(CommandFailure) {
    guard !download.bindAddresses.isEmpty, !allowsUnboundHTTP else { return }
    throw CommandFailure(
      .badUsage, "\(asked): http(s) requests cannot be restricted to the address of --bind",
      hint: "allow them with --unbound-http, or use no trackers: --no-tracker")
  }
}

/// Names on the command line that stand for addresses.
package struct PlaceNames: Sendable {
  /// Peers to dial, by the names of their hosts.
  package var peers: [HostAndPort] = []
  /// The network interface to bind to.
  package var interface: String?

  /// No names.
  package init() {}
}

/// What is done with several downloads, and after each.
package struct BatchOptions: Sendable {
  /// How many torrents are downloaded at a time unless told otherwise; aria2 has the same number.
  package static let usualJobs = 5

  /// The file with further sources; `-` is standard input.
  package var inputFile: String?
  /// How many torrents are downloaded at a time.
  package var jobs = usualJobs
  /// Whether the files are listed instead of downloaded.
  package var listsOnly = false
  /// The program to run after each download, with its arguments; empty for none.
  package var onComplete: [String] = []

  /// The defaults.
  package init() {}
}

/// What `create` makes.
package struct CreationOptions: Sendable {
  /// The torrent's name; nil takes the name of the file or folder.
  package var name: String?
  /// The bytes of a piece; nil chooses by the size.
  package var pieceLength: Int?
  /// Whether peers may come from the trackers only (BEP 27).
  package var isPrivate = false
  /// By what private trackers tell equal torrents apart.
  package var source: String?
  /// A note for people.
  package var comment: String?
  /// Whether the date and the program are left out, so that the same data gives the same bytes.
  package var isReproducible = false
  /// Where the torrent goes; nil is `NAME.torrent` in the current folder, `-` standard output.
  package var outputPath: String?
  /// Whether a file that is there may be replaced.
  package var overwrites = false

  /// The defaults.
  package init() {}
}
