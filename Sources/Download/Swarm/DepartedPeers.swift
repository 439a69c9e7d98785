import Primitives
import Swarm

/// The addresses of peers that have left, so that a peer that is found to have sent corrupt data
/// can still be banned.
///
/// Only peers that brought something are remembered, and of those the last `capacity`.
struct DepartedPeers {
  private static let capacity = 1024

  private var endpoints: [PeerNumber: Endpoint] = [:]
  private var order = Fifo<PeerNumber>()

  /// Remembers a peer that leaves.
  mutating func add(_ number: PeerNumber, _ endpoint: Endpoint) {
    if order.count >= Self.capacity, let oldest = order.popFirst() { endpoints[oldest] = nil }
    order.append(number)
    endpoints[number] = endpoint
  }

  /// Returns the address of the peer with a number; nil if it is not remembered.
  func endpoint(of number: PeerNumber) -> Endpoint? { endpoints[number] }
}
