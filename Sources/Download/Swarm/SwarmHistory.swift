import Primitives
import Swarm

/// The facts about a swarm that outlive its connections.
struct SwarmHistory {
  /// The maximum number of our addresses that are remembered.
  private static let addressLimit = 64

  /// The peers that were banned, in order.
  var banned: [Endpoint] = []
  /// The contribution of each source of peers.
  private(set) var tallies: [PeerSource: SourceTally] = [:]
  /// Addresses of this machine at which peers have met us.
  private(set) var ownAddresses: Set<IPAddress> = []
  private var departed = DepartedPeers()
  private var nextNumber = 0

  /// A Boolean value indicating whether any peer has ever been connected.
  var hasMetAnybody = false

  /// Returns a number that was never given before.
  mutating func makeNumber() -> PeerNumber {
    defer { nextNumber += 1 }
    return PeerNumber(nextNumber)
  }

  /// Records that a source has named new addresses.
  mutating func found(_ count: Int, by source: PeerSource) {
    tallies[source, default: SourceTally()].found += count
  }

  /// Records one of our addresses, at which a peer has met us.
  mutating func met(at address: IPAddress) {
    if ownAddresses.count < Self.addressLimit { ownAddresses.insert(address.unmapped) }
  }

  /// Records that a peer has left, and the number of bytes that it brought.
  mutating func left(
    _ number: PeerNumber, at endpoint: Endpoint, source: PeerSource, brought bytes: Int64
  ) {
    tallies[source, default: SourceTally()].downloaded += bytes
    if bytes > 0 { departed.add(number, endpoint) }
  }

  /// Returns the address of a peer that has left.
  func endpoint(of number: PeerNumber) -> Endpoint? { departed.endpoint(of: number) }
}

/// The contribution of one source of peers.
struct SourceTally {
  /// The number of addresses that it named and that were new.
  var found = 0
  /// The payload of its peers that have left, in bytes.
  var downloaded: Int64 = 0
}
