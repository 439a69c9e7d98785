public import Metainfo
public import Primitives
public import Storage

/// How one torrent is downloaded or seeded.
public struct DownloadOptions: Sendable {
  /// The folder that holds the data; nothing is written outside it.
  public var folder = "."
  /// Whether files at the target that are not ours may be changed.
  public var overwrite = false
  /// The files that are wanted; the others are not made.
  public var selection = FileSelection.all
  /// Whether the files of a torrent of several lie in the folder itself, without one of their own.
  public var isFlat = false
  /// How room for files is made.
  public var preallocation = Preallocation.automatic
  /// Whether data that is there is hashed even if it is what the last run left.
  public var checksEverything = false
  /// Whether the end waits until the data is on the disk, not only with the system.
  public var synchronizes = false
  /// The port to listen on; 0 lets the system choose a free one.
  public var port: UInt16 = 0
  /// The addresses to listen on; those that the machine lacks are skipped as long as one works.
  public var listenAddresses: [IPAddress] = [.any4, .any6]
  /// Our own address for everything between peers: connections come from it and are taken at it,
  /// whatever `listenAddresses` say; nil lets the system choose.
  public var bindAddress: IPAddress?
  /// Trackers to ask, tier by tier, instead of the torrent's own; empty for none.
  public var trackers: [[String]]?
  /// Whether all trackers are kept informed, not only the first one that works.
  public var announcesToAllTrackers = false
  /// Whether to look for peers in the local network by multicast; never done for private torrents.
  public var usesLocalDiscovery = false
  /// Whether peers tell us of others, and we tell them (BEP 11); never done for private torrents.
  public var exchangesPeers = true
  /// Whether URLs from torrents and trackers may lead anywhere on this machine and in private
  /// networks: trackers to any path, web seeds with a query, redirects from outside.
  public var allowsLocalURLs = false
  /// Web seeds to fetch from, instead of the torrent's own; empty for none.
  public var webSeeds: [String]?
  /// Peers to dial besides those that trackers name.
  public var peers: [Endpoint] = []
  /// How to take part in the distributed hash table; nil for not at all.
  public var dht: DHTOptions?
  /// The bound on the memory that pieces take while they come in, in bytes.
  public var memoryLimit = 64 << 20
  /// The number of blocks to keep asked for at each peer; nil lets it follow the peer's speed.
  public var pipeline: Int?
  /// How many peers may be connected at once.
  public var maximumPeers = 1000
  /// The bound on what is read from peers, small messages included; nil for none.
  ///
  /// Runs that are given the same limiter share its rate.
  public var downloadLimiter: RateLimiter?
  /// The bound on payload that is sent to peers; nil for none.
  public var uploadLimiter: RateLimiter?
  /// How long the download may take or go without what it needs.
  public var deadlines = DownloadDeadlines()
  /// Serve the data after it is complete until so much was sent, as a multiple of its size.
  ///
  /// A run that is given neither this nor `seedTime` ends with the download; one that is given both
  /// ends with whichever is reached first. What was complete before the run is not served.
  public var seedRatio: Double?
  /// Serve the data after it is complete for so long.
  public var seedTime: Duration?
  /// Whether pieces are asked for in their order, rather than the rarest first.
  public var isSequential = false
  /// Whether to go on serving until `TorrentDownload.stop()`, or until `seedRatio` or `seedTime` is
  /// reached; this takes complete data.
  public var keepSeeding = false

  /// The defaults.
  public init() {}

  /// What of this concerns the files.
  var storage: StorageOptions {
    var storage = StorageOptions()
    storage.overwrite = overwrite
    storage.selection = selection
    storage.isFlat = isFlat
    storage.preallocation = preallocation
    storage.fsync = synchronizes
    return storage
  }
}
