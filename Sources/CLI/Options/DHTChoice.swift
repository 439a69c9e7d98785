package import Download
package import Primitives

/// The use of the DHT, as given on the command line.
package struct DHTChoice: Sendable {
  /// A Boolean value indicating whether the DHT is used; nil lets each run decide.
  package var isWanted: Bool?
  /// The routers to join the DHT at, instead of the public ones.
  package var routers: [String] = []
  /// The file that stores the known nodes.
  package var stateFile: String?

  /// Creates a choice that leaves everything to the defaults.
  package init() {}

  /// The options of the process's part in the DHT; nil if it takes no part.
  package var options: DHTOptions? {
    guard isWanted != false else { return nil }
    var dht = DHTOptions()
    if !routers.isEmpty { dht.routers = routers }
    return dht
  }

  /// Returns whether a torrent uses the DHT, if the process takes part in it.
  ///
  /// By default a torrent uses the DHT unless its trackers, web seeds, peers and our own addresses
  /// are all local. Given routers turn the DHT on for every torrent.
  ///
  /// - Parameters:
  ///   - trackers: The torrent's trackers.
  ///   - webSeeds: The torrent's web seeds.
  ///   - peers: The peers given by the user.
  ///   - ownAddresses: The local addresses that all sockets are bound to, if any.
  /// - Returns: The value of `SourceOptions.usesDHT`.
  package func isUsed(
    trackers: [[String]], webSeeds: [String], peers: [Endpoint], ownAddresses: [IPAddress]
  ) -> Bool {
    let isLocal = Locality.isLocal(
      trackers: trackers, webSeeds: webSeeds, peers: peers, ownAddresses: ownAddresses)
    return isWanted ?? (!routers.isEmpty || !isLocal)
  }
}
