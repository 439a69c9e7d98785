public import Metainfo
public import Primitives
public import Storage

/// The options for downloading or seeding one torrent.
public struct DownloadOptions: Sendable {
  /// The output folder; nothing is written outside it.
  public var folder = "."
  /// A Boolean value indicating whether existing files that are not ours may be changed.
  public var overwrite = false
  /// The selected files; others are not created.
  public var selection = FileSelection.all
  /// A Boolean value indicating whether a multi-file torrent goes directly into the output folder,
  /// without a folder of its own.
  public var isFlat = false
  /// The way in which disk space is allocated.
  public var preallocation = Preallocation.automatic
  /// A Boolean value indicating whether to hash existing data even if the saved state vouches for
  /// it.
  public var checksEverything = false
  /// A Boolean value indicating whether to flush the data to disk before the run ends.
  public var synchronizes = false
  /// The port to listen on; with 0 the system chooses a free one.
  public var port: UInt16 = 0
  /// The addresses to listen on; unavailable ones are skipped as long as one works.
  public var listenAddresses: [IPAddress] = [.any4, .any6]
  /// The local addresses for all peer connections, in both directions, at most one of each family;
  /// they override `listenAddresses`.
  ///
  /// Peers of a family without an address cannot be reached. If the list is empty, the system
  /// chooses.
  public var bindAddresses: [IPAddress] = []
  /// The trackers to use, tier by tier, instead of the torrent's own; empty for none.
  public var trackers: [[String]]?
  /// A Boolean value indicating whether to announce to all trackers, not only the first that works.
  public var announcesToAllTrackers = false
  /// A Boolean value indicating whether to find peers on the local network; never done for private
  /// torrents.
  public var usesLocalDiscovery = false
  /// A Boolean value indicating whether to exchange peers with peers (BEP 11); never done for
  /// private torrents.
  public var exchangesPeers = true
  /// A Boolean value indicating whether the rules of `URLPolicy` for local addresses are off.
  ///
  /// Trackers may then use any path there, web seeds a query, and public servers may redirect
  /// there.
  public var allowsLocalURLs = false
  /// The web seeds to use instead of the torrent's own; empty for none.
  public var webSeeds: [String]?
  /// Peers to dial in addition to those found.
  public var peers: [Endpoint] = []
  /// The options for the distributed hash table; nil to stay out of it.
  public var dht: DHTOptions?
  /// The memory limit for pieces in progress, in bytes.
  public var memoryLimit = 64 << 20
  /// The number of outstanding requests per peer; nil adapts it to the peer's rate.
  public var pipeline: Int?
  /// The maximum number of connected peers.
  public var maximumPeers = 1000
  /// The limit on bytes read from peers, including small messages; nil for none.
  ///
  /// Runs that share a limiter share its rate.
  public var downloadLimiter: RateLimiter?
  /// The limit on payload sent to peers; nil for none.
  public var uploadLimiter: RateLimiter?
  /// The deadlines of the run.
  public var deadlines = DownloadDeadlines()
  /// The share ratio up to which to seed after the download; a partial seed's ratio counts the data
  /// that is present.
  ///
  /// A run with neither this nor `seedTime` ends with the download. With both, it ends at whichever
  /// is reached first. Data that was complete before the run is not seeded.
  public var seedRatio: Double?
  /// The time for which to seed after the download.
  public var seedTime: Duration?
  /// A Boolean value indicating whether to request pieces in order rather than rarest first.
  public var isSequential = false
  /// A Boolean value indicating whether to seed the data that is present, and to fetch nothing.
  ///
  /// If pieces are missing, the run is a partial seed; if all are, it fails. The selection has no
  /// effect then, and no file is changed.
  ///
  /// The run lasts until `TorrentDownload.stop()` or the `seedRatio` or `seedTime` is reached.
  public var keepSeeding = false

  /// Creates the default options.
  public init() {}

  /// The addresses to listen on, after `bindAddresses` is taken into account.
  var ownAddresses: [IPAddress] { bindAddresses.isEmpty ? listenAddresses : bindAddresses }

  /// The options that concern files.
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
