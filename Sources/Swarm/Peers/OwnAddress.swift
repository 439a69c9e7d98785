package import Primitives

/// Under which addresses peers see us, as most of them tell it (BEP 10's `yourip`).
///
/// A peer may say anything, so each address of a peer has one vote, and nothing depends on the
/// result but the order in which peers are dialled.
package struct OwnAddress: Sendable {
  /// The number of addresses that are candidates, and of votes that each may have.
  static let candidateLimit = 16
  static let voteLimit = 64

  private struct Candidate: Sendable {
    let address: IPAddress
    var votes = 0
  }

  private var candidates: [Candidate] = []
  private var voters: Set<IPAddress> = []

  /// Creates the address that nobody has told yet.
  package init() {}

  /// Records that a peer at `voter` sees us at `address`.
  package mutating func heard(_ address: IPAddress, from voter: IPAddress) {
    let (address, voter) = (address.unmapped, voter.unmapped)
    guard address.isPossiblePeer, address.isIPv6 == voter.isIPv6,
      voters.count < Self.candidateLimit * Self.voteLimit, voters.insert(voter).inserted
    else { return }
    if let index = candidates.firstIndex(where: { $0.address == address }) {
      candidates[index].votes = min(candidates[index].votes + 1, Self.voteLimit)
    } else if candidates.count < Self.candidateLimit {
      candidates.append(Candidate(address: address, votes: 1))
    }
  }

  /// Returns the address of one family that most peers see; the first one named of equals.
  package func address(isIPv6: Bool) -> IPAddress? {
    var best: Candidate?
    for candidate in candidates where candidate.address.isIPv6 == isIPv6 {
      if candidate.votes > best?.votes ?? 0 { best = candidate }
    }
    return best?.address
  }
}
