package import Networking
package import PeerWire
package import Primitives

/// The counts of what a scripted seed has seen and done, on all its connections.
package struct SeedTally: Sendable {
  /// The number of bytes served.
  package internal(set) var servedBytes: Int64 = 0
  /// The number of completed handshakes.
  package internal(set) var greetings = 0
  /// The largest number of requests that any peer had queued.
  package internal(set) var mostWaiting = 0
  /// The number of metadata pieces requested from it.
  package internal(set) var metadataRequests = 0
  /// The peers it learned of through peer exchange (BEP 11).
  package internal(set) var heardOf: [Endpoint] = []
  /// The extension handshakes it received (BEP 10).
  package internal(set) var introductions: [ExtensionHandshake] = []
}

/// The audience of a scripted seed.
@Reactor
package protocol SeedAudience: AnyObject {
  /// Learns of a completed handshake.
  func seedGreeted(_ seed: ScriptedSeed)
  /// Learns of a block that has been sent.
  func seed(_ seed: ScriptedSeed, served block: Block)
}
