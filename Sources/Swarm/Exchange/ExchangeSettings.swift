/// The choices that stay the same for a whole exchange.
package struct ExchangeSettings: Sendable {
  /// The number of blocks that each peer may owe; nil adapts it to the peer's rate.
  package var pipeline: Int?
  /// The maximum number of connected peers.
  package var maximumPeers = Int.max
  /// The memory for pieces in progress, in bytes.
  package var memoryLimit = 64 << 20
  /// A Boolean value indicating whether pieces are fetched in their order.
  package var isSequential = false

  /// Creates the default settings.
  package init() {}
}
