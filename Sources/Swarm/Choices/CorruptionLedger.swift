package import Primitives

/// Finds out who sent corrupt data, when a piece came from several peers.
///
/// After a bad piece the hash of each block is kept with its sender. When the piece has passed at
/// another try, a sender whose block had another hash has lied. The only sender of a bad piece is
/// known at once. Bounded: at most 64 tries with 65,536 blocks in all are on record; the oldest are
/// dropped.
package struct CorruptionLedger: Sendable {
  /// One failed try of one piece.
  private struct Record: Sendable {
    let piece: PieceIndex
    let senders: [PeerNumber]
    let digests: [[UInt8]]
    /// The peers that took part; only looked up.
    let suspects: Set<PeerNumber>
  }

  private static let capacity = 64
  private static let blockCapacity = 65_536

  /// The oldest first.
  private var records: [Record] = []
  private var blockCount = 0

  /// Creates an empty ledger.
  package init() {}

  /// Takes down a failed try; block `i` had `digests[i]` and came from `senders[i]`.
  ///
  /// Returns the peers that lied for certain: the only sender of the whole piece.
  package mutating func pieceFailed(
    _ piece: PieceIndex, senders: [PeerNumber], digests: [[UInt8]]
  ) -> [PeerNumber] {
    guard let first = senders.first else { return [] }
    if senders.allSatisfy({ $0 == first }) { return [first] }
    records.append(
      Record(piece: piece, senders: senders, digests: digests, suspects: Set(senders)))
    blockCount += digests.count
    while records.count > Self.capacity || blockCount > Self.blockCapacity && records.count > 1 {
      blockCount -= records.removeFirst().digests.count
    }
    return []
  }

  /// Returns whether a failed try of this piece is on record.
  package func needsDigests(of piece: PieceIndex) -> Bool {
    records.contains { $0.piece == piece }
  }

  /// Compares the hashes of the right blocks with those sent before; returns the liars, sorted.
  package mutating func pieceVerified(
    _ piece: PieceIndex, digests: [[UInt8]]
  ) -> [PeerNumber] {
    var liars: Set<PeerNumber> = []
    for record in records where record.piece == piece {
      blockCount -= record.digests.count
      for (index, digest) in digests.enumerated() {
        guard index < record.digests.count, index < record.senders.count else { break }
        if record.digests[index] != digest { liars.insert(record.senders[index]) }
      }
    }
    records.removeAll { $0.piece == piece }
    return liars.sorted()
  }

  /// Returns whether the peer took part in a failed piece and is not cleared yet.
  package func isSuspect(_ peer: PeerNumber) -> Bool {
    records.contains { $0.suspects.contains(peer) }
  }
}
