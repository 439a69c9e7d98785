import Primitives
import Testing

@testable import Swarm

/// A window bounds the debts of a peer, and narrows when the peer lets us wait.
@Suite struct WindowPlays {
  @Test func eachBlockWidensANewPeersWindowByFour() throws {
    let play = try Play(pieces: 2, blocks: 60)
    play.seed(1)
    #expect(play.actions().requests(of: 1).count == 5)
    play.brings(1, block(0, 0))
    #expect(play.actions().requests(of: 1).count == 5, "one for the block, and four")
    play.brings(1, block(0, 1))
    #expect(play.actions().requests(of: 1).count == 5)
  }

  @Test func aDeepWindowIsRefilledWhenAnEighthOfItIsFree() throws {
    let play = try Play(pieces: 2, blocks: 60) { $0.pipeline = 32 }
    play.seed(1)
    #expect(play.actions().requests(of: 1).count == 32)
    for number in 0..<3 { play.brings(1, block(0, number)) }
    #expect(play.actions().requests(of: 1) == [])
    play.brings(1, block(0, 3))
    #expect(play.actions().requests(of: 1).count == 4, "to the brim")
  }

  @Test func aSixteenthOfAPeersQueueIsLeftFree() throws {
    let play = try Play(pieces: 2, blocks: 60) { $0.pipeline = 50 }
    play.seed(1, isServing: false)
    play.exchange.queues(1, 32)
    play.unchokes(1)
    #expect(play.actions().requests(of: 1).count == 30)
  }

  @Test func aSilentPeersBlocksGoToAnother() throws {
    let play = try Play { $0.pipeline = 8 }
    play.peer(1, has: [0])
    play.peer(2, has: [0, 1])
    #expect(play.actions().begun == [0, 1])
    play.delivers(2, 1)
    #expect(play.actions().requests(of: 2) == [], "the rest is owed by the other")
    #expect(play.ticks(until: 10).messages == [])
    let actions = play.ticks(until: 10.5)
    #expect(actions.cancels == blocks(0, 0...3).map { .cancel($0, of: 1) })
    #expect(Set(actions.requests(of: 2)) == Set(blocks(0, 0...3)))
  }

  @Test func aPeerThatHandsOutSingleBytesIsLateAndIsRescued() throws {
    let play = try Play()
    play.peer(1, has: [0, 3])
    play.peer(2, has: [0], isServing: false)
    _ = play.actions()
    for second in 1...30 {
      play.at(Double(second))
      play.exchange.progressed(1, now: play.now)
      play.tick()
    }
    play.unchokes(2)
    #expect(play.actions().requests(of: 2) == [], "bytes are a sign of life")
    play.at(30.5)
    play.exchange.progressed(1, now: play.now)
    play.tick()
    let actions = play.actions()
    #expect(Set(actions.requests(of: 2)) == Set(blocks(0, 0...3)), "but not for ever")
    #expect(actions.cancels == [], "the late one may still bring it")
    play.brings(2, block(0, 3))
    #expect(play.actions().cancels == [.cancel(block(0, 3), of: 1)])
  }

  @Test func aLatePeerMayOweOneBlock() throws {
    let play = try Play()
    play.seed(1)
    #expect(play.actions().requests(of: 1).count == 5)
    let actions = play.ticks(until: 10.5)
    #expect(actions.cancels.count == 5)
    #expect(actions.requests(of: 1).count == 1)
    play.brings(1, play.owed(by: 1))
    #expect(play.actions().requests(of: 1).count > 1, "a block ends it")
  }

  @Test func aRequestThatIsDroppedInSilenceIsMadeAgain() throws {
    let play = try Play(pieces: 9, blocks: 16) { $0.pipeline = 16 }
    play.seed(1)
    #expect(play.actions().requests(of: 1) == blocks(0, 0...15))
    play.brings(1, blocks(0, 1...15))
    for second in [6.0, 11, 12] {
      play.at(second)
      _ = play.actions()
      play.brings(1, Array(play.owed(by: 1).dropFirst()))
    }
    _ = play.actions()
    #expect(play.owed(by: 1).first == block(0, 0), "passed over by all that came since")
    play.tick()
    #expect(play.actions().cancels == [.cancel(block(0, 0), of: 1)])
    play.brings(1, play.owed(by: 1))
    #expect(play.actions().requests(of: 1).contains(block(0, 0)))
  }

  @Test func aPeerThatOwesAndNeverBringsIsGivenUp() throws {
    let play = try Play()
    play.seed(1)
    #expect(play.ticks(until: 150).ends == [])
    let actions = play.ticks(until: 151)
    #expect(actions.ends == [.close(1, .stalled)])
    #expect(play.ticks(until: 160).messages == [], "it is about to leave")
  }
}
