import Primitives
import Swarm

/// Where peers were that have left, so that one which sent corrupt data can still be banned when
/// that is found out later.
///
/// Bounded: of those that have left and had brought something, the last 1024 are remembered.
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

  /// Where the peer of that number was.
  func endpoint(of number: PeerNumber) -> Endpoint? { endpoints[number] }
}
