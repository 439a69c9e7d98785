package import Download

/// What the command line says about the distributed hash table.
package struct DHTChoice: Sendable {
  /// Whether it is used; nil leaves that to where a run turns to.
  package var isWanted: Bool?
  /// Where to join it, instead of at the public routers.
  package var routers: [String] = []
  /// The file that keeps its nodes.
  package var stateFile: String?

  /// Leaves everything as it is.
  package init() {}

  /// How a run takes part in it; nil when it does not.
  ///
  /// Who has said nothing takes part unless everything else that the run turns to is local. Whoever
  /// names places to join at wants it, and no other places are asked then.
  ///
  /// - Parameters:
  ///   - options: The run's other options.
  ///   - trackers: The trackers that are asked.
  ///   - webSeeds: The web seeds that are used.
  /// - Returns: What `DownloadOptions.dht` takes.
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
