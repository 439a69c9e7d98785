import Primitives
import Testing

@testable import Swarm

/// The fate of a peer's work when it chokes us, and when it serves us again.
@Suite struct ChokedPeerTests {
  let first = PeerNumber(0)
  let second = PeerNumber(1)
  let third = PeerNumber(2)

  @Test func whatItHasBegunStaysItsClaim() throws {
    let board = try TestBoard(pieces: 4, seeds: [first])
    let begun = try #require(board.claim(first))
    let brought = try #require(board.request(begun, first))
    let owed = try #require(board.request(begun, first))
    _ = board.received(brought, from: first)
    board.change { $0.choked(first, returning: [owed]) }
    board.change { $0.unchoked(first) }
    let rest = board.requestAll(begun, first)
    #expect(rest.map(\.number) == [1, 2, 3])
    #expect(board.change { $0.checkInvariants() } == nil)
  }

  @Test func othersAreAskedForWhatItOwed() throws {
    let board = try TestBoard(pieces: 4, seeds: [first, second])
    let begun = try #require(board.claim(first))
    let owed = board.requestAll(begun, first)
    #expect(board.claim(second)?.piece != begun.piece, "somebody works on it")
    board.change { $0.choked(first, returning: owed) }
    let shared = try #require(board.claim(second))
    #expect(shared == Claim(piece: begun.piece, kind: .shared))
    #expect(Set(board.requestAll(shared, second)) == Set(owed))
    board.change { $0.unchoked(first) }
    #expect(board.request(begun, first) == nil, "nothing of it is free")
    #expect(board.claim(first)?.piece != begun.piece)
  }

  @Test func bothWorkOnItOnceItServesUsAgain() throws {
    let board = try TestBoard(pieces: 4, seeds: [first, second, third])
    let begun = try #require(board.claim(first))
    board.change { $0.choked(first, returning: []) }
    let shared = try #require(board.claim(second))
    _ = board.request(shared, second)
    board.change { $0.unchoked(first) }
    #expect(board.request(begun, first)?.number == 0)
    #expect(board.request(shared, second)?.number == 2)
    #expect(board.claim(third)?.piece != begun.piece)
  }

  @Test func ofItsDuplicatesTheOtherStillOwesTheBlock() throws {
    let board = try TestBoard(pieces: 1, blocks: 1, seeds: [first, second])
    let begun = try #require(board.claim(first))
    let block = try #require(board.request(begun, first))
    board.change { $0.updatePeer(first, rate: 1000, isSnubbed: false) }
    board.change { $0.updatePeer(second, rate: 2000, isSnubbed: false) }
    _ = board.requestAll(try #require(board.claim(second)), second)
    board.change { $0.choked(first, returning: [block]) }
    #expect(board.change { $0.checkInvariants() } == nil)
    #expect(board.received(block, from: second).othersToCancel == PeerPair())
  }

  /// The peer choked us after the request, and brings the block after all, while two others owe it.
  @Test func aLateBlockIsCancelledAtBothWhoOweIt() throws {
    let board = try TestBoard(pieces: 1, blocks: 1, seeds: [first, second, third])
    let begun = try #require(board.claim(first))
    let block = try #require(board.request(begun, first))
    board.change { $0.choked(first, returning: [block]) }
    _ = board.requestAll(try #require(board.claim(second)), second)
    board.change { $0.updatePeer(second, rate: 1000, isSnubbed: false) }
    board.change { $0.updatePeer(third, rate: 2000, isSnubbed: false) }
    _ = board.requestAll(try #require(board.claim(third)), third)
    let receipt = board.received(block, from: first)
    #expect(receipt.isUseful)
    #expect(Array(receipt.othersToCancel) == [second, third])
    #expect(board.change { $0.checkInvariants() } == nil)
  }

  @Test func aPieceOfWhichNothingCameIsARunForAWebSeed() throws {
    let board = try TestBoard(pieces: 3, seeds: [first, second])
    let begun = try #require(board.claim(first))
    let owed = try #require(board.request(begun, first))
    #expect(board.change { $0.claimWhole(begun.piece, for: second) } == nil)
    board.change { $0.choked(first, returning: [owed]) }
    let taken = try #require(board.claim(second))
    #expect(taken == Claim(piece: begun.piece, kind: .shared))
    #expect(board.change { $0.startOfRun(taken, for: second) }.kind == .fresh)
  }

  @Test func aPairHoldsWhoIsThere() {
    #expect(Array(PeerPair(first, second)) == [first, second])
    #expect(Array(PeerPair(first, second, without: first)) == [second])
    #expect(Array(PeerPair(first, second, without: second)) == [first])
    #expect(Array(PeerPair(nil, second)) == [second])
    #expect(Array(PeerPair(first)) == [first])
    #expect(Array(PeerPair()) == [])
  }
}
