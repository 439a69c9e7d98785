import Primitives
import Testing

@testable import Swarm

/// Only blocks that were asked for count.
@Suite struct UnrequestedPlays {
  /// A peer has choked us while it owed the first blocks.
  private func chokedWhileOwing(pieces: Int = 4) throws -> Play {
    let play = try Play(pieces: pieces)
    play.seed(1)
    _ = play.actions()
    play.chokes(1)
    return play
  }

  @Test func aBlockThatComesLateAfterAChokeCounts() throws {
    let play = try chokedWhileOwing()
    play.brings(1, block(0, 0))
    #expect(play.isHere(block(0, 0)))
    #expect(play.traffic.downloaded == Int64(Block.standardLength))
    play.unchokes(1)
    #expect(!play.actions().requests(of: 1).contains(block(0, 0)))
  }

  @Test func aLateBlockIsWithdrawnAtThePeerThatWasAskedInstead() throws {
    let play = try chokedWhileOwing(pieces: 1)
    play.seed(2)
    _ = play.actions()
    play.brings(1, block(0, 0))
    #expect(play.actions().cancels == [.cancel(block(0, 0), of: 2)])
  }

  @Test func aLateBlockIsReadAside() throws {
    let play = try Play(pieces: 1)
    play.seed(1)
    _ = play.actions()
    #expect(play.place(of: block(0, 0), from: 1) == .inPiece)
    play.chokes(1)
    #expect(play.place(of: block(0, 0), from: 1) == .aside, "another may write there now")
    play.seed(2)
    _ = play.actions()
    #expect(play.place(of: block(0, 0), from: 2) == .inPiece)
  }

  @Test func aMinuteAfterTheChokeABlockNoLongerCounts() throws {
    let play = try chokedWhileOwing()
    play.at(60)
    #expect(play.place(of: block(0, 0), from: 1) == .aside)
    play.at(60.1)
    play.brings(1, block(0, 0))
    #expect(!play.isHere(block(0, 0)))
    #expect(play.traffic.downloaded == 0)
  }

  @Test func anUnrequestedBlockGoesNowhereAndDoesNotCount() throws {
    let play = try Play()
    play.seed(1)
    play.seed(2, isServing: false)
    _ = play.actions()
    #expect(play.place(of: block(0, 0), from: 2) == .nowhere, "another peer was asked for it")
    play.brings(2, block(0, 0))
    play.brings(1, block(3, 3))
    #expect(!play.isHere(block(0, 0)))
    #expect(play.traffic.downloaded == 0)
    #expect(play.actions() == [])
  }

  @Test func sixteenUnrequestedBlocksAreForgiven() throws {
    let play = try Play()
    play.seed(1, isServing: false)
    _ = play.actions()
    for _ in 0..<16 { play.brings(1, block(3, 3)) }
    #expect(play.actions() == [])
    play.brings(1, block(3, 3))
    #expect(play.actions() == [.close(1, .unrequested(block(3, 3)))])
  }

  @Test func theSecondCopyOfABlockIsWaste() throws {
    let play = try Play(pieces: 1)
    play.seed(1)
    _ = play.actions()
    play.seed(2)
    _ = play.actions()
    play.brings(1, block(0, 3))
    _ = play.actions()
    #expect(play.place(of: block(0, 3), from: 2) == .nowhere)
    play.brings(2, block(0, 3))
    #expect(play.traffic.downloaded == 2 * Int64(Block.standardLength))
    #expect(play.traffic.wasted == Int64(Block.standardLength))
  }

  @Test func aLeaversBlocksStayInTheBooks() throws {
    let play = try Play(pieces: 1)
    play.seed(1)
    _ = play.actions()
    play.brings(1, blocks(0, 0...1))
    play.leaves(1)
    #expect(play.traffic.downloaded == 2 * Int64(Block.standardLength))
    #expect(play.isHere(block(0, 0)))
  }
}
