import Primitives
import Testing

@testable import Swarm

/// Memory, the disk and the rate limit bound the debts of all peers together.
@Suite struct MemoryPlays {
  /// The memory for two pieces of four blocks.
  private let twoPieces = 2 * 4 * Block.standardLength

  @Test func aPieceIsBegunOnlyWhenThereIsMemoryForIt() throws {
    let play = try Play(pieces: 8) { settings in
      settings.pipeline = 20
      settings.memoryLimit = twoPieces
    }
    play.seed(1)
    #expect(play.actions().begun == [0], "the other half is for what comes")
    play.brings(1, blocks(0, 0...3))
    #expect(play.actions().begun == [1])
    play.brings(1, blocks(1, 0...3))
    #expect(play.actions().begun == [], "none of them is judged yet")
    play.judge(0)
    let actions = play.actions()
    #expect(actions.contains(.release(0)))
    #expect(actions.begun == [2])
  }

  @Test func onePieceMayBeBegunWhateverTheSessionsMemoryIs() throws {
    let play = try Play(pieces: 8) { $0.pipeline = 8 }
    play.exchange.setRoom(false)
    play.seed(1)
    #expect(play.actions().begun == [0])
    play.exchange.setRoom(true)
    play.exchange.wakeIdle()
    #expect(play.actions().begun == [1])
  }

  /// Three peers have a piece each, and there is memory for two.
  private func threePiecesAndMemoryForTwo() throws -> Play {
    let play = try Play(pieces: 8) { settings in
      settings.pipeline = 8
      settings.memoryLimit = twoPieces
    }
    play.peer(1, has: [0])
    play.peer(2, has: [1])
    play.peer(3, has: [2])
    return play
  }

  @Test func aPieceThatNobodyCanFinishGivesUpItsMemory() throws {
    let play = try threePiecesAndMemoryForTwo()
    #expect(play.actions().begun == [0, 1], "there is no memory for a third")
    play.brings(1, block(0, 0))
    play.leaves(1)
    let actions = play.actions()
    #expect(actions.contains(.discard(0)))
    #expect(actions.contains(.release(0)))
    #expect(actions.begun == [2])
    #expect(!play.isActive(0), "what came of it is lost")
  }

  @Test func aPieceThatAWorkerReadsIsNotGivenUp() throws {
    let play = try threePiecesAndMemoryForTwo()
    _ = play.actions()
    play.exchange.setBeingRead(0, true)
    play.leaves(1)
    #expect(!play.actions().contains(.discard(0)))
    play.exchange.setBeingRead(0, false)
    play.exchange.wakeIdle()
    #expect(play.actions().contains(.discard(0)))
  }

  /// Lets a seed bring 13 MiB in pieces of 512 KiB that wait for their verdicts.
  private func behind() throws -> Play {
    let play = try Play(pieces: 40, blocks: 32) { $0.pipeline = 200 }
    play.seed(1)
    _ = play.actions()
    play.delivers(1, 0)
    for piece in 1...26 {
      #expect(play.mayRead(1) == (piece <= 25))
      play.brings(1, blocks(piece, 0..<32))
      _ = play.actions()
    }
    return play
  }

  @Test func readersWaitWhileTheDiskIsBehind() throws {
    let play = try behind()
    #expect(!play.mayRead(1))
    for piece in 1...13 {
      play.judge(PieceIndex(piece))
      #expect(!play.actions().contains(.resume(1)))
    }
    play.judge(14)
    #expect(play.actions().contains(.resume(1)), "half of the limit is through")
    #expect(play.mayRead(1))
  }

  @Test func aPeerIsNotBlamedForBlocksThatWeDoNotRead() throws {
    let play = try behind()
    #expect(play.owed(by: 1).count > 0)
    #expect(play.ticks(until: 60).cancels == [])
    for piece in 1...26 { play.judge(PieceIndex(piece)) }
    play.tick()
    #expect(play.actions().cancels != [], "now the silence is the peer's")
  }

  @Test func aLongPieceIsHashedWhileItArrives() throws {
    let play = try Play(pieces: 2, blocks: 64)
    play.seed(1)
    _ = play.actions()
    play.brings(1, block(0, 0))
    #expect(play.actions().contains(.advance(0)))
    let short = try Play(pieces: 2, blocks: 32)
    short.seed(1)
    _ = short.actions()
    short.brings(1, block(0, 0))
    #expect(!short.actions().contains(.advance(0)))
  }

  @Test func allPeersTogetherOweNoMoreThanTheRateLimitAllows() throws {
    let play = try Play(pieces: 8)
    play.exchange.quota = OwedQuota(limit: 6, isReached: false)
    play.seed(1)
    play.seed(2)
    _ = play.actions()
    #expect(play.owed(by: 1).count == 5)
    #expect(play.owed(by: 2).count == 1)
    #expect(play.exchange.owedInTime == 6)
    play.brings(1, block(0, 0))
    #expect(play.owed(by: 1).count + play.owed(by: 2).count == 6)
  }

  @Test func aLatePeersDebtsHoldUpNobodyElse() throws {
    let play = try Play(pieces: 8)
    play.exchange.quota = OwedQuota(limit: 5, isReached: false)
    play.seed(1)
    play.seed(2)
    _ = play.actions()
    #expect(play.owed(by: 2) == [])
    play.ticks(until: 10.5)
    #expect(play.owed(by: 1).count == 1)
    #expect(play.owed(by: 2).count == 5)
    #expect(play.exchange.owedInTime == 5)
  }
}
