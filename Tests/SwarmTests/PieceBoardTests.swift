import Primitives
@testable import Swarm
import Testing

@Suite struct PieceBoardTests {
  let first = PeerNumber(0)
  let second = PeerNumber(1)
  let third = PeerNumber(2)

  // MARK: - Order of work

  @Test(arguments: 1...8)
  func theRarestPieceComesFirst(rarest: Int) throws {
    // Four pieces are there, so the random start is over.
    let board = try TestBoard(pieces: 13, verified: [9, 10, 11, 12], seeds: [first])
    for other in 1...3 {
      board.change { $0.peerJoined(PeerNumber(other)) }
      for piece in 0..<9 where piece != rarest || other == 1 {
        board.change { $0.peerHas(PeerNumber(other), PieceIndex(piece)) }
      }
    }
    #expect(board.change { $0.availability(of: PieceIndex(rarest)) } == 2)
    #expect(board.change { $0.availability(of: PieceIndex(0)) } == 4)
    #expect(board.claim(first) == Claim(piece: PieceIndex(rarest), kind: .fresh))
  }

  @Test func aPeerThatHasLittleGetsTheRarestOfWhatItHas() throws {
    let board = try TestBoard(pieces: 5000, blocks: 1, verified: [4996, 4997, 4998, 4999])
    var most = Bitfield(count: 5000)
    for piece in 1000..<5000 { most.insert(PieceIndex(piece)) }
    board.change { $0.peerJoined(first) }
    board.change { $0.peerHas(first, most) }
    board.change { $0.peerJoined(second) }
    for piece in [1500, 2000, 2500] { board.change { $0.peerHas(second, PieceIndex(piece)) } }
    board.change { $0.peerJoined(third) }
    for piece in [1500, 2500] { board.change { $0.peerHas(third, PieceIndex(piece)) } }
    #expect(board.claim(second)?.piece == PieceIndex(2000))
  }

  @Test func theFirstPiecesOfARunAreTakenByChance() throws {
    var chosen: Set<Int> = []
    for seed in 0..<20 as Range<UInt64> {
      let board = try TestBoard(pieces: 100, blocks: 1, seeds: [first], seed: seed)
      board.change { $0.peerJoined(second) }
      for piece in 1..<100 { board.change { $0.peerHas(second, PieceIndex(piece)) } }
      chosen.insert(try #require(board.claim(first)).piece.value)
    }
    #expect(chosen.count > 10)
  }

  @Test func aPieceThatItsOnlyWorkerLeftIsTakenUpBeforeANewOne() throws {
    let board = try TestBoard(pieces: 8, seeds: [first, second])
    let begun = try #require(board.claim(first))
    _ = board.request(begun, first)
    board.change { $0.peerLeft(first) }
    #expect(board.claim(second)?.piece == begun.piece)
  }

  @Test func lanesThatPullInOneTurnDoNotGoForTheSameBlock() throws {
    let board = try TestBoard(pieces: 8, seeds: [first, second, third])
    func claimOneBlock(_ peer: PeerNumber) -> Claim? {
      board.change { $0.claim(for: peer, now: .zero, canOpenPiece: true, depth: 1) }
    }
    let begun = try #require(claimOneBlock(first))
    for _ in 1...3 { _ = board.request(begun, first) }
    // One block is free, and both pull before either asks.
    #expect(claimOneBlock(second)?.piece == begun.piece)
    let other = try #require(claimOneBlock(third))
    #expect(other.piece != begun.piece)
    #expect(board.request(other, third) != nil)
    // A peer that can't ask after all leaves the block to others.
    board.change { $0.giveBack(begun.piece, by: second) }
    #expect(claimOneBlock(second)?.piece == begun.piece)
  }

  @Test func withoutMemoryFreeBlocksOfABegunPieceAreShared() throws {
    let board = try TestBoard(pieces: 8, seeds: [first, second])
    let begun = try #require(board.claim(first))
    let front = try #require(board.request(begun, first))
    let shared = try #require(board.claim(second, canOpen: false))
    #expect(shared == Claim(piece: begun.piece, kind: .shared))
    let back = try #require(board.request(shared, second))
    #expect(front.number == 0)
    #expect(back.number == 3)
  }

  // MARK: - Nothing to do

  @Test func whoHasNothingGetsNoClaim() throws {
    let board = try TestBoard(pieces: 2)
    board.change { $0.peerJoined(first) }
    #expect(board.claim(first) == nil)
    #expect(board.claim(second) == nil)
  }

  @Test func thereIsNoClaimWhenEverythingIsAskedForTwice() throws {
    let board = try TestBoard(pieces: 1, blocks: 1, seeds: [first, second, third])
    _ = board.requestAll(try #require(board.claim(first)), first)
    board.change { $0.updatePeer(first, rate: 1000, isSnubbed: false) }
    board.change { $0.updatePeer(second, rate: 2000, isSnubbed: false) }
    let again = try #require(board.claim(second))
    #expect(again.kind == .endgame)
    #expect(board.requestAll(again, second).count == 1)
    #expect(board.claim(third) == nil)
    #expect(board.claim(first) == nil)
  }

  @Test func anEqualPeerIsNotAskedForWhatAnotherBringsAsSoon() throws {
    let board = try TestBoard(pieces: 1, blocks: 1, seeds: [first, second])
    _ = board.requestAll(try #require(board.claim(first)), first)
    for peer in [first, second] {
      board.change { $0.updatePeer(peer, rate: 1000, isSnubbed: false) }
    }
    #expect(board.claim(second) == nil)
  }

  @Test func thereIsNoClaimWhileTheLastPieceIsHashed() throws {
    let board = try TestBoard(pieces: 1, seeds: [first, second])
    for block in board.requestAll(try #require(board.claim(first)), first) {
      _ = board.received(block, from: first)
    }
    #expect(board.claim(second) == nil)
    board.change { $0.pieceVerified(PieceIndex(0)) }
    #expect(board.isComplete)
    #expect(!board.isInteresting(first))
    #expect(board.claim(second) == nil)
  }

  // MARK: - Blocks

  @Test func theFirstCopyCancelsTheOther() throws {
    let board = try TestBoard(pieces: 1, blocks: 1, seeds: [first, second])
    let begun = try #require(board.claim(first))
    let block = try #require(board.request(begun, first))
    board.change { $0.updatePeer(first, rate: 1000, isSnubbed: false) }
    board.change { $0.updatePeer(second, rate: 2000, isSnubbed: false) }
    _ = board.requestAll(try #require(board.claim(second)), second)
    let receipt = board.received(block, from: second)
    #expect(receipt.isUseful)
    #expect(receipt.completesPiece)
    #expect(receipt.othersToCancel == PeerPair(first))
    #expect(!board.received(block, from: first).isUseful)
    #expect(board.change { $0.senders(of: block.piece) } == [second])
  }

  @Test func aBlockThatComesAfterItsReleaseIsStillUseful() throws {
    let board = try TestBoard(pieces: 1, seeds: [first])
    let claim = try #require(board.claim(first))
    let request = try #require(board.request(claim, first))
    board.change { $0.release(request, by: first) }
    #expect(board.received(request, from: first).isUseful)
  }

  @Test func aClaimFromBeforeAFailureDoesNotMixTheNextTry() throws {
    let board = try TestBoard(pieces: 1, seeds: [first, second])
    let old = try #require(board.claim(first))
    _ = board.request(old, first)
    for number in 0..<4 {
      _ = board.received(
        Block(piece: old.piece, offset: number << 14, length: 1 << 14), from: third)
    }
    board.change { $0.pieceFailed(old.piece) }
    let new = try #require(board.claim(second))
    #expect(new.kind == .fresh)
    #expect(board.request(old, first) == nil)
    #expect(board.requestAll(new, second).count == 4)
  }

  @Test func ofASlowHoldersBlocksTheOneExpectedLastIsAskedForAgain() throws {
    let board = try TestBoard(pieces: 1, seeds: [first, second])
    board.change { $0.updatePeer(first, rate: 1000, isSnubbed: false) }
    board.change { $0.updatePeer(second, rate: 1_000_000, isSnubbed: false) }
    let blocks = board.requestAll(try #require(board.claim(first)), first)
    let again = board.requestAll(try #require(board.claim(second)), second)
    #expect(again == blocks.reversed())
  }

  // MARK: - Snubbed peers

  @Test func aSnubbedPeerOpensNoPieceThatALivePeerHas() throws {
    let board = try TestBoard(pieces: 8, seeds: [first, second])
    board.change { $0.updatePeer(first, rate: 1000, isSnubbed: false) }
    board.change { $0.updatePeer(second, rate: 0, isSnubbed: true) }
    #expect(board.claim(second) == nil)
    board.change { $0.peerLeft(first) }
    #expect(board.claim(second)?.kind == .fresh)
  }

  @Test func aSnubbedPeerOpensWhatNobodyElseHas() throws {
    let board = try TestBoard(pieces: 2, blocks: 1, seeds: [second])
    board.change { $0.peerJoined(first) }
    board.change { $0.peerHas(first, PieceIndex(0)) }
    board.change { $0.updatePeer(first, rate: 1000, isSnubbed: false) }
    board.change { $0.updatePeer(second, rate: 0, isSnubbed: true) }
    _ = board.requestAll(try #require(board.claim(first)), first)
    #expect(board.claim(second) == Claim(piece: PieceIndex(1), kind: .fresh))
  }

  @Test func aSnubbedPeerOpensWhatAPeerThatBringsNothingHasToo() throws {
    // The peer that brings nothing may be choking us for ever.
    let board = try TestBoard(pieces: 2, seeds: [first, second])
    board.change { $0.updatePeer(second, rate: 0, isSnubbed: true) }
    #expect(board.claim(second)?.kind == .fresh)
  }

  @Test func whatASnubbedPeerOwesIsAskedForAgainAtOnce() throws {
    let board = try TestBoard(pieces: 4, seeds: [first, second])
    let blocks = board.requestAll(try #require(board.claim(first)), first)
    board.change { $0.updatePeer(first, rate: 1000, isSnubbed: true) }
    board.change { $0.updatePeer(second, rate: 1000, isSnubbed: false) }
    let again = board.requestAll(try #require(board.claim(second, canOpen: false)), second)
    #expect(Set(again) == Set(blocks))
  }

  @Test func aPeerWithoutAKnownRateIsJudgedByItsSilence() throws {
    let board = try TestBoard(pieces: 1, seeds: [first, second])
    board.change { $0.updatePeer(second, rate: 1_000_000, isSnubbed: false) }
    let blocks = board.requestAll(try #require(board.claim(first)), first)
    func copies(at time: Duration) -> Int {
      board.change { board in
        let now = Instant.zero + time
        var count = 0
        while let claim = board.claim(for: second, now: now, canOpenPiece: true) {
          while board.nextRequest(of: claim, for: second, now: now) != nil { count += 1 }
        }
        return count
      }
    }
    #expect(copies(at: .milliseconds(40)) == 1)
    #expect(copies(at: .milliseconds(500)) == blocks.count - 1)
  }

  @Test func aRateThatIsNoNumberDoesNoHarm() throws {
    let board = try TestBoard(pieces: 1, seeds: [first])
    for rate in [Double.nan, .infinity, -1, .greatestFiniteMagnitude, 5] {
      board.change { $0.updatePeer(first, rate: rate, isSnubbed: false) }
      #expect(board.change { $0.checkInvariants() } == nil)
    }
  }

  // MARK: - Suspects

  @Test func aSuspectOpensAPieceRatherThanShareOne() throws {
    let board = try TestBoard(pieces: 2, seeds: [first, second])
    board.change { $0.updatePeer(first, rate: 1000, isSnubbed: false) }
    board.change { $0.setSuspect(second, true) }
    let begun = try #require(board.claim(first))
    _ = board.request(begun, first)
    #expect(board.claim(second, canOpen: false) == nil)
    #expect(board.claim(second)?.kind == .fresh)
  }

  @Test func nobodySharesThePieceOfASuspect() throws {
    let board = try TestBoard(pieces: 1, seeds: [first, second])
    board.change { $0.updatePeer(first, rate: 1000, isSnubbed: false) }
    board.change { $0.updatePeer(second, rate: 1000, isSnubbed: false) }
    board.change { $0.setSuspect(first, true) }
    _ = board.request(try #require(board.claim(first)), first)
    #expect(board.claim(second) == nil)
  }

  @Test func suspectsFinishAnAbandonedPieceWhenNobodyElseCan() throws {
    let board = try TestBoard(pieces: 1, seeds: [first, second, third])
    board.change { $0.setSuspect(second, true) }
    let begun = try #require(board.claim(first))
    let request = try #require(board.request(begun, first))
    _ = board.received(request, from: first)
    board.change { $0.peerLeft(first) }
    // The third is trusted, but may never let us ask.
    #expect(board.claim(second)?.kind == .shared)
    board.change { $0.giveBack(begun.piece, by: second) }
    board.change { $0.setSuspect(third, true) }
    #expect(board.claim(third)?.kind == .shared)
  }

  // MARK: - Facts

  @Test func whatPeersHaveMakesThemInteresting() throws {
    let board = try TestBoard(pieces: 3, blocks: 1, verified: [0])
    board.change { $0.peerJoined(first) }
    board.change { $0.peerHas(first, PieceIndex(0)) }
    #expect(!board.isInteresting(first))
    board.change { $0.peerHas(first, PieceIndex(1)) }
    #expect(board.isInteresting(first))
    let request = board.requestAll(try #require(board.claim(first)), first)
    _ = board.received(request[0], from: first)
    board.change { $0.pieceVerified(PieceIndex(1)) }
    #expect(!board.isInteresting(first))
    #expect(board.remainingBytes == 16384)
    board.change { $0.peerHas(first, PieceIndex(2)) }
    #expect(board.isSeed(first))
    #expect(board.isInteresting(first))
    #expect(board.change { $0.checkInvariants() } == nil)
  }

  @Test func piecesThatNobodyHereCouldFinishGiveUpTheirMemory() throws {
    let board = try TestBoard(pieces: 2, blocks: 2)
    board.change { $0.peerJoined(first) }
    board.change { $0.peerHas(first, PieceIndex(1)) }
    let blocks = board.requestAll(try #require(board.claim(first)), first)
    _ = board.received(blocks[0], from: first)
    #expect(board.change { $0.shedAbandoned() } == nil)
    board.change { $0.peerLeft(first) }
    #expect(board.change { $0.shedAbandoned() } == PieceIndex(1))
    #expect(!board.isActive(PieceIndex(1)))
    #expect(board.change { $0.checkInvariants() } == nil)
    #expect(board.change { $0.shedAbandoned() } == nil)
  }
}
