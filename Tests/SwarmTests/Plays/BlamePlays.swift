import Primitives
import Testing

@testable import Swarm

/// Liars are found out and banned, and honest suspects are cleared.
@Suite struct BlamePlays {
  /// Two peers bring a piece of four blocks together, and peer 2 lies.
  ///
  /// Peer 1 brings the first two blocks.
  private func badPieceOfTwo(pieces: Int = 4) throws -> Play {
    let play = try Play(pieces: pieces) { $0.pipeline = 2 }
    play.seed(1)
    _ = play.actions()
    play.seed(2)
    _ = play.actions()
    #expect(play.owed(by: 1) == blocks(0, 0...1))
    #expect(play.owed(by: 2) == blocks(0, [3, 2]))
    play.liars = [2]
    play.brings(1, blocks(0, 0...1))
    play.brings(2, blocks(0, [3, 2]))
    return play
  }

  @Test func theOnlySenderOfABadPieceIsBanned() throws {
    let play = try Play()
    play.seed(1)
    play.liars = [1]
    _ = play.actions()
    play.brings(1, blocks(0, 0...3))
    _ = play.actions()
    play.judge(0)
    let actions = play.actions()
    #expect(actions.ends == [.ban(1, evidence: 0)])
    #expect(actions.contains(.release(0)))
    #expect(actions.messages == [], "nothing more is asked of it")
  }

  @Test func aBadPieceIsFetchedAnew() throws {
    let play = try Play()
    play.peer(1, has: [0])
    play.liars = [1]
    play.seed(2, isServing: false)
    _ = play.actions()
    play.delivers(1, 0)
    play.leaves(1)
    play.unchokes(2)
    #expect(play.actions().requests(of: 2).prefix(4) == blocks(0, 0...3)[...])
  }

  @Test func noneOfTwoSendersIsBannedForABadPiece() throws {
    let play = try badPieceOfTwo()
    play.judge(0)
    #expect(play.actions().ends == [])
    #expect(play.isSuspect(1))
    #expect(play.isSuspect(2))
  }

  /// After the bad piece of two, an honest peer is asked for all of it.
  private func badPieceThatAThirdServes() throws -> Play {
    let play = try badPieceOfTwo()
    play.seed(3, isServing: false)
    play.chokes(1)
    play.chokes(2)
    play.judge(0)
    play.unchokes(3)
    _ = play.actions()
    return play
  }

  @Test func theNextTryNamesTheLiarAmongHonestPeers() throws {
    let play = try badPieceThatAThirdServes()
    play.brings(3, blocks(0, 0...1))
    play.brings(3, blocks(0, 2...3))
    play.judge(0)
    #expect(play.actions().ends == [.ban(2, evidence: 0)])
  }

  @Test func aSuspectThatSentRightBlocksIsCleared() throws {
    let play = try badPieceThatAThirdServes()
    #expect(play.isSuspect(1))
    play.brings(3, blocks(0, 0...1))
    play.brings(3, blocks(0, 2...3))
    play.judge(0)
    #expect(!play.isSuspect(1))
    #expect(!play.isSuspect(3))
  }

  @Test func aSuspectsPieceIsNotShared() throws {
    let play = try badPieceOfTwo(pieces: 8)
    play.judge(0)
    _ = play.actions()
    play.seed(3)
    let actions = play.actions()
    #expect(actions.begun != [], "it begins one of its own")
    let theirs = (play.owed(by: 1) + play.owed(by: 2)).map(\.piece)
    #expect(Set(actions.requests(of: 3).map(\.piece)).isDisjoint(with: theirs))
  }

  @Test func aPieceThatFailedIsBroughtByOneAlone() throws {
    let play = try badPieceOfTwo(pieces: 8)
    play.chokes(1)
    play.chokes(2)
    play.judge(0)
    play.leaves(1)
    play.leaves(2)
    play.seed(3)
    _ = play.actions()
    #expect(play.owed(by: 3).map(\.piece).allSatisfy { $0 == 1 || $0 == 0 })
    play.seed(4)
    _ = play.actions()
    let theirs = Set(play.owed(by: 3).map(\.piece)).intersection(play.owed(by: 4).map(\.piece))
    #expect(!theirs.contains(0))
  }

  @Test func aNewPeersFirstPieceIsHashedAtOnceAndItsReaderWaits() throws {
    let play = try Play(pieces: 8)
    play.seed(1)
    _ = play.actions()
    play.brings(1, blocks(0, 0...3))
    #expect(play.actions().contains(.hash(0, isUrgent: true)))
    #expect(!play.mayRead(1))
    play.judge(0)
    #expect(play.actions().contains(.resume(1)))
    play.brings(1, blocks(1, 0...3))
    #expect(play.actions().contains(.hash(1, isUrgent: false)), "it is off trial")
    #expect(play.mayRead(1))
  }

  @Test func aSuspectIsOnTrialAgain() throws {
    let play = try badPieceOfTwo(pieces: 8)
    play.liars = []
    play.judge(0)
    _ = play.actions()
    play.liars = [2]
    let piece = try #require(play.owed(by: 1).first?.piece)
    while let next = play.owed(by: 1).first, next.piece == piece { play.brings(1, next) }
    while let next = play.owed(by: 2).first, next.piece == piece { play.brings(2, next) }
    play.judge(piece)
    _ = play.actions()
    #expect(play.isOnTrial(2))
  }
}
