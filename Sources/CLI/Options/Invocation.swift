package import Download

/// A command line, parsed and checked, so that work can begin without further validation.
package struct Invocation: Sendable {
  /// The command.
  package var command = Command.download
  /// The arguments: the SOURCEs, or the topic of `help`.
  package var arguments: [String] = []
  /// The first argument if it stands where a command could, since it may be a mistyped command.
  package var undecidedWord: String?
  /// The options that all torrents of the run share.
  package var session = SessionOptions()
  /// The options of each torrent; its trackers and web seeds are still those of `sources`.
  package var torrent = TorrentOptions()
  /// The options for several downloads, and for what follows each.
  package var batch = BatchOptions()
  /// The files to download.
  package var selection = SelectionOptions()
  /// A Boolean value indicating whether http(s) trackers are contacted although --bind gives an
  /// address.
  package var allowsUnboundHTTP = false
  /// The options of `create`.
  package var creation = CreationOptions()
  /// The trackers and web seeds, as given.
  package var sources = GivenSources()
  /// The use of the DHT.
  package var dht = DHTChoice()
  /// The address at which `tracker` listens.
  package var listenPlace: HostAndPort?
  /// The names to resolve before the work begins.
  package var names = PlaceNames()
  /// The options for messages and output.
  package var streams = StreamOptions()

  /// Creates an invocation with the defaults.
  package init() {}
}

extension Invocation {
  /// The memory that piece buffers may take, in bytes.
  var bufferMemory: Int64 {
    command == .download && !batch.listsOnly ? Int64(session.memoryLimit) : 0
  }

  /// Checks that http(s) requests are allowed together with `--bind`.
  ///
  /// URLSession cannot be bound to an address, so they need `--unbound-http`.
  ///
  /// - Parameter asked: The subject of the requests, for the message.
  /// - Throws: `CommandFailure` if they are not allowed.
  func checkBinding(of asked: String) throws(CommandFailure) {
    guard !session.bindAddresses.isEmpty, !allowsUnboundHTTP else { return }
    throw CommandFailure(
      .badUsage, "\(asked): http(s) requests cannot be restricted to the address of --bind",
      hint: "allow them with --unbound-http, or use no trackers: --no-tracker")
  }
}

/// The names on the command line that stand for addresses.
package struct PlaceNames: Sendable {
  /// The peers that are given by host name.
  package var peers: [HostAndPort] = []
  /// The network interface to bind to.
  package var interface: String?

  /// Creates an empty value.
  package init() {}
}

/// The options for several downloads, and for what follows each.
package struct BatchOptions: Sendable {
  /// The default number of simultaneous downloads, which is also that of aria2.
  package static let usualJobs = 5

  /// The file with further sources; `-` is standard input.
  package var inputFile: String?
  /// The maximum number of simultaneous downloads.
  package var jobs = usualJobs
  /// A Boolean value indicating whether the torrents' files are listed instead of downloaded.
  package var listsOnly = false
  /// The program to run after each download, with its arguments; empty for none.
  package var onComplete: [String] = []

  /// Creates the default options.
  package init() {}
}

/// The options of `create`.
package struct CreationOptions: Sendable {
  /// The torrent's name; nil uses the name of the file or folder.
  package var name: String?
  /// The piece length in bytes; nil chooses one by the total size.
  package var pieceLength: Int?
  /// A Boolean value indicating whether the torrent is private: peers come from its trackers only
  /// (BEP 27).
  package var isPrivate = false
  /// The `source` field, by which private trackers distinguish otherwise equal torrents.
  package var source: String?
  /// The `comment` field.
  package var comment: String?
  /// A Boolean value indicating whether the date and the program's name are left out, so that the
  /// same data gives the same torrent.
  package var isReproducible = false
  /// The path of the .torrent; nil means `NAME.torrent` in the current folder, `-` standard output.
  package var outputPath: String?
  /// A Boolean value indicating whether an existing file may be replaced.
  package var overwrites = false

  /// Creates the default options.
  package init() {}
}
