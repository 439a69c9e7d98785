import Primitives

/// The options that hold for all torrents of a process.
struct SessionSettings: Sendable {
  /// The port to listen on; with 0 the system chooses a free one.
  var port: UInt16 = 0
  /// The addresses to listen on; unavailable ones are skipped as long as one works.
  var listenAddresses: [IPAddress] = [.any4, .any6]
  /// The local addresses for all connections, which override `listenAddresses`.
  var bindAddresses: [IPAddress] = []
  /// The options for the distributed hash table; nil to stay out of it.
  var dht: DHTOptions?
  /// The memory limit for pieces in progress, in bytes.
  var memoryLimit = 64 << 20
  /// The maximum number of connected peers.
  var maximumPeers = 1000
  /// Whether the rules of `URLPolicy` for local addresses are off.
  var allowsLocalURLs = false

  /// The addresses to listen on, after `bindAddresses` is taken into account.
  var ownAddresses: [IPAddress] { bindAddresses.isEmpty ? listenAddresses : bindAddresses }
}
