import Primitives
import Swarm
import Testing

@Suite struct CorruptionLedgerTests {
  let honest = PeerNumber(1)
  let liar = PeerNumber(2)
  let piece = PieceIndex(5)

  @Test func whoSentABadPieceAloneIsKnownAtOnce() {
    var ledger = CorruptionLedger()
    let liars = ledger.pieceFailed(piece, senders: [liar, liar], digests: [[1], [2]])
    #expect(liars == [liar])
    #expect(!ledger.needsDigests(of: piece))
    #expect(!ledger.isSuspect(liar))
  }

  @Test func whoeverSentAnotherBlockThanTheGoodOneHasLied() {
    var ledger = CorruptionLedger()
    let early = ledger.pieceFailed(
      piece, senders: [honest, liar, honest], digests: [[1], [9], [3]])
    #expect(early.isEmpty)
    #expect(ledger.needsDigests(of: piece))
    #expect(ledger.isSuspect(honest))
    #expect(ledger.isSuspect(liar))
    let liars = ledger.pieceVerified(piece, digests: [[1], [2], [3]])
    #expect(liars == [liar])
    #expect(!ledger.isSuspect(honest))
    #expect(!ledger.needsDigests(of: piece))
  }

  @Test func allLiarsOfSeveralTriesAreFoundInOrder() {
    var ledger = CorruptionLedger()
    let other = PeerNumber(0)
    _ = ledger.pieceFailed(piece, senders: [honest, liar], digests: [[1], [9]])
    _ = ledger.pieceFailed(piece, senders: [other, honest], digests: [[8], [2]])
    let liars = ledger.pieceVerified(piece, digests: [[1], [2]])
    #expect(liars == [other, liar])
  }

  @Test func anotherPieceClearsNobody() {
    var ledger = CorruptionLedger()
    _ = ledger.pieceFailed(piece, senders: [honest, liar], digests: [[1], [9]])
    let liars = ledger.pieceVerified(PieceIndex(6), digests: [[1], [2]])
    #expect(liars.isEmpty)
    #expect(ledger.isSuspect(liar))
  }

  @Test func theOldestOfTooManyTriesIsDropped() {
    var ledger = CorruptionLedger()
    for number in 0..<65 {
      _ = ledger.pieceFailed(
        PieceIndex(number), senders: [PeerNumber(100 + number), liar], digests: [[1], [2]])
    }
    #expect(!ledger.needsDigests(of: PieceIndex(0)))
    #expect(!ledger.isSuspect(PeerNumber(100)))
    #expect(ledger.needsDigests(of: PieceIndex(1)))
    #expect(ledger.needsDigests(of: PieceIndex(64)))
  }

  @Test func hugePiecesFillTheLedgerSooner() {
    var ledger = CorruptionLedger()
    let senders = (0..<32_768).map { PeerNumber($0 % 2) }
    let digests = Array(repeating: [1] as [UInt8], count: senders.count)
    for number in 0..<3 {
      _ = ledger.pieceFailed(PieceIndex(number), senders: senders, digests: digests)
    }
    #expect(!ledger.needsDigests(of: PieceIndex(0)))
    #expect(ledger.needsDigests(of: PieceIndex(1)))
    #expect(ledger.needsDigests(of: PieceIndex(2)))
  }

  @Test func missingDigestsAccuseNobody() {
    var ledger = CorruptionLedger()
    _ = ledger.pieceFailed(piece, senders: [honest, liar], digests: [])
    let liars = ledger.pieceVerified(piece, digests: [[1], [2]])
    #expect(liars.isEmpty)
  }
}
