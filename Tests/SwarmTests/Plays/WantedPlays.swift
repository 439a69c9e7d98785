import Primitives
import Testing

@testable import Swarm

/// The wanted and the preferred pieces may change at any time.
@Suite struct WantedPlays {
  @Test func thePiecesOfAPreferredFileComeFirst() throws {
    let play = try Play(pieces: 8)
    play.exchange.prefer(play.set([5, 6]))
    play.seed(1)
    #expect(play.actions().begun == [5, 6])
    play.delivers(1, 5)
    play.delivers(1, 6)
    #expect(play.actions().begun.first == 0, "then the others in their order")
  }

  @Test func aPreferredPieceThatFailsComesFirstAgain() throws {
    let play = try Play(pieces: 8)
    play.exchange.prefer(play.set([5]))
    play.seed(1)
    play.liars = [1]
    _ = play.actions()
    play.delivers(1, 5)
    play.leaves(1)
    play.seed(2)
    #expect(play.actions().requests(of: 2).contains(block(5, 0)))
  }

  @Test func requestsForUnwantedPiecesAreWithdrawn() throws {
    let play = try Play()
    play.seed(1)
    #expect(play.actions().begun == [0, 1])
    play.brings(1, block(0, 0))
    _ = play.actions()
    let owed = play.owed(by: 1).filter { $0.piece == 0 }
    play.exchange.want(play.set([1, 2, 3]), now: play.now)
    let actions = play.actions()
    #expect(actions.cancels == owed.map { .cancel($0, of: 1) })
    #expect(actions.contains(.discard(0)))
    #expect(actions.contains(.release(0)))
    #expect(!play.isActive(0))
  }

  @Test func interestFollowsTheWantedPieces() throws {
    let play = try Play(wanted: [0])
    play.peer(1, has: [0], isServing: false)
    play.peer(2, has: [3], isServing: false)
    #expect(play.actions() == [.interest(1, true)])
    play.exchange.want(play.set([3]), now: play.now)
    #expect(play.actions() == [.interest(1, false), .interest(2, true)])
  }

  @Test func aNewlyWantedPieceIsRequestedAtOnce() throws {
    let play = try Play(wanted: [0])
    play.seed(1)
    _ = play.actions()
    play.delivers(1, 0)
    #expect(play.actions().requests(of: 1) == [])
    play.exchange.want(play.set([0, 2]), now: play.now)
    #expect(play.actions().requests(of: 1) == blocks(2, 0...3))
  }

  @Test func wantingLessCanCompleteTheDownload() throws {
    let play = try Play()
    play.seed(1)
    _ = play.actions()
    play.delivers(1, 0)
    _ = play.actions()
    play.exchange.want(play.set([0]), now: play.now)
    #expect(play.actions().contains(.complete))
  }

  @Test func aPieceThatIsAllHereIsJudgedEvenIfNobodyWantsItNow() throws {
    let play = try Play()
    play.seed(1)
    _ = play.actions()
    play.brings(1, blocks(0, 0...3))
    play.exchange.want(play.set([1]), now: play.now)
    #expect(!play.actions().contains(.discard(0)))
    play.judge(0)
    #expect(play.exchange.kept.contains(0))
  }
}
