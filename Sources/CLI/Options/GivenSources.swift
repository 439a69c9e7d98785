/// The trackers and web seeds of the command line, which each torrent adds its own to.
package struct GivenSources: Sendable {
  /// Trackers given with `--tracker`, by tier.
  package var trackers: [[String]] = []
  /// A Boolean value indicating whether the torrent's own trackers are used.
  package var usesTorrentTrackers = true
  /// Web seeds given with `--web-seed`.
  package var webSeeds: [String] = []

  /// Creates a value without any.
  package init() {}

  /// Returns the tiers of trackers to use (BEP 12); each `--tracker` is a tier, and they come
  /// first.
  ///
  /// - Parameter torrentTrackers: The tiers of the torrent.
  /// - Returns: The value of `SourceOptions.trackers`; nil leaves the choice to the torrent.
  package func trackerTiers(torrentTrackers: [[String]]) -> [[String]]? {
    if trackers.isEmpty { return usesTorrentTrackers ? nil : [] }
    return trackers + (usesTorrentTrackers ? torrentTrackers : [])
  }
}
