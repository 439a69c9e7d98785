import Primitives

/// The votes of other nodes on our external address (BEP 42).
///
/// A single node can lie, so an address is accepted only when voters from at least five networks,
/// and most of all voters, agree on it.
struct AddressVotes: Sendable {
  static let quorum = 5
  static let limit = 20

  private struct Vote: Sendable {
    let voter: IPAddress
    let address: IPAddress
  }

  /// The most recent votes, oldest first.
  private var votes: [Vote] = []

  /// Adds a vote; returns the address once it is decided, and then restarts the count.
  mutating func add(_ address: IPAddress, by voter: IPAddress) -> IPAddress? {
    let voter = voter.ownerNetwork ?? voter
    guard !address.isLoopback, !address.isPrivate, address.isPossiblePeer,
      address.isIPv6 == voter.isIPv6
    else { return nil }
    votes.removeAll { $0.voter == voter }
    if votes.count >= Self.limit { votes.removeFirst() }
    votes.append(Vote(voter: voter, address: address))
    let count = votes.count { $0.address == address }
    guard count >= Self.quorum, count * 2 > votes.count else { return nil }
    votes = []
    return address
  }
}
