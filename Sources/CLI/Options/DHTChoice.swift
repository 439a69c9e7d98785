package import Download

/// The use of the DHT, as given on the command line.
package struct DHTChoice: Sendable {
  /// Whether the DHT is used; nil lets each run decide.
  package var isWanted: Bool?
  /// The routers to join the DHT at, instead of the public ones.
  package var routers: [String] = []
  /// The file that stores the known nodes.
  package var stateFile: String?

  /// Creates a choice that leaves everything to the defaults.
  package init() {}

  /// Returns the DHT options of a run; nil if it does not use the DHT.
  ///
  /// By default a run uses the DHT unless its trackers, web seeds, peers and own addresses are all
  /// local. Given routers turn the DHT on, and replace the public ones.
  ///
  /// - Parameters:
  ///   - options: The run's other options.
  ///   - trackers: The run's trackers.
  ///   - webSeeds: The run's web seeds.
  /// - Returns: The value of `DownloadOptions.dht`.
  package func options(
    for options: DownloadOptions, trackers: [[String]], webSeeds: [String]
  ) -> DHTOptions? {
    let isLocal = Locality.isLocal(
      trackers: trackers, webSeeds: webSeeds, peers: options.peers,
      ownAddresses: options.bindAddresses)
    guard isWanted ?? (!routers.isEmpty || !isLocal) else { return nil }
    var dht = DHTOptions()
    if !routers.isEmpty { dht.routers = routers }
    return dht
  }
}
