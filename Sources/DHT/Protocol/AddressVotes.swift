import Primitives

/// What others say our address is (BEP 42).
///
/// One node can lie, so an address counts when most of at least five networks name it.
struct AddressVotes: Sendable {
  static let quorum = 5
  static let limit = 20

  private struct Vote: Sendable {
    let voter: IPAddress
    let address: IPAddress
  }

  /// The last votes, the oldest first.
  private var votes: [Vote] = []

  /// Counts a vote; the address, once it is decided, and then counting begins again.
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
