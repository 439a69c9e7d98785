package import Primitives
import Tracker

/// Whether a run keeps to this machine and its network.
package enum Locality {
  /// Whether all that a run would turn to is on this machine or in a private network, and there is
  /// something to turn to at all.
  ///
  /// Such a run is a swarm of somebody's own, and nothing of it should leave: it has no business in
  /// the world's hash table unless somebody says so. Names count as outside, but for `localhost`.
  ///
  /// - Parameters:
  ///   - trackers: The trackers that are asked.
  ///   - webSeeds: The web seeds that are used.
  ///   - peers: The peers that are given.
  ///   - ownAddress: The address that everything has to come from, if there is one.
  /// - Returns: False when there is a URL that leads elsewhere, or can't be read.
  package static func isLocal(
    trackers: [[String]], webSeeds: [String], peers: [Endpoint], ownAddress: IPAddress?
  ) -> Bool {
    if let ownAddress, ownAddress.isLoopback { return true }
    let urls = trackers.flatMap(\.self) + webSeeds
    guard !urls.isEmpty || !peers.isEmpty else { return false }
    return urls.allSatisfy(isLocal)
      && peers.allSatisfy { $0.address.isLoopback || $0.address.isPrivate }
  }

  private static func isLocal(_ url: String) -> Bool {
    do throws(TrackerError) {
      return try TrackerURL(url).isLocal
    } catch {
      return false
    }
  }
}
