package import Primitives
import Tracker

/// A test for runs that stay on this host and its private networks.
package enum Locality {
  /// Returns whether everything that a run would contact is on this host or a private network.
  ///
  /// Such a run is a private swarm, so it must not join the public DHT unless told to. Host
  /// names count as public, except for `localhost`.
  ///
  /// - Parameters:
  ///   - trackers: The trackers to announce to.
  ///   - webSeeds: The web seeds to use.
  ///   - peers: The peers given by the user.
  ///   - ownAddresses: The local addresses that all sockets are bound to, if any.
  /// - Returns: False if there is nothing to contact, or a URL leads elsewhere or cannot be parsed.
  package static func isLocal(
    trackers: [[String]], webSeeds: [String], peers: [Endpoint], ownAddresses: [IPAddress]
  ) -> Bool {
    if !ownAddresses.isEmpty, ownAddresses.allSatisfy(\.isLoopback) { return true }
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
