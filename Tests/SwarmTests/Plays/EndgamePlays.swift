import Primitives
import Testing

@testable import Swarm

/// At the end, idle peers are asked for blocks that others owe.
@Suite struct EndgamePlays {
  @Test func theLastBlocksAreRequestedOfTwoPeers() throws {
    let play = try Play(pieces: 1)
    play.seed(1)
    _ = play.actions()
    play.seed(2)
    #expect(play.actions().requests(of: 2) == [block(0, 3)], "the one that is expected last")
  }

  @Test func nothingIsRequestedTwiceBeforeTheEnd() throws {
    let play = try Play(pieces: 2)
    play.peer(1, has: [0])
    play.peer(2, has: [0])
    let actions = play.actions()
    #expect(actions.requests(of: 1) == blocks(0, 0...3))
    #expect(actions.requests(of: 2) == [])
  }

  /// The last block of all is owed by the first peer and, as a copy, by the second.
  private func lastBlockOwedByTwo() throws -> Play {
    let play = try Play(pieces: 1)
    play.seed(1)
    _ = play.actions()
    play.seed(2)
    _ = play.actions()
    return play
  }

  @Test func theFirstRequestIsWithdrawnWhenTheCopyIsFaster() throws {
    let play = try lastBlockOwedByTwo()
    play.brings(2, block(0, 3))
    #expect(play.actions().cancels == [.cancel(block(0, 3), of: 1)])
  }

  @Test func theCopyIsWithdrawnWhenTheFirstPeerBringsTheBlock() throws {
    let play = try lastBlockOwedByTwo()
    play.brings(1, block(0, 3))
    #expect(play.actions().cancels == [.cancel(block(0, 3), of: 2)])
  }

  @Test func aCopyIsNotRequestedWhileTheRateLimitIsReached() throws {
    let play = try Play(pieces: 1)
    play.exchange.quota = OwedQuota(limit: 20, isReached: true)
    play.seed(1)
    play.seed(2)
    #expect(play.actions().requests(of: 2) == [])
    play.exchange.quota = OwedQuota(limit: 20, isReached: false)
    play.exchange.wakeIdle()
    #expect(play.actions().requests(of: 2) == [block(0, 3)])
  }

  @Test func theFastestIdlePeerAsksAgainAfterTwentyMilliseconds() throws {
    let play = try Play(pieces: 2)
    play.seed(1)
    _ = play.actions()
    play.at(0.5)
    play.delivers(1, 0)
    play.brings(1, blocks(1, 0...2))
    play.tick()
    play.chokes(1)
    play.seed(2)
    _ = play.actions()
    #expect(play.owed(by: 2) == [block(1, 3)])
    play.unchokes(1)
    #expect(play.actions().requests(of: 1) == [], "it may come at any moment")
    #expect(play.exchange.deadline == play.now + .milliseconds(20))
    play.at(0.52)
    play.exchange.timePassed(now: play.now)
    #expect(play.actions().requests(of: 1) == [], "the next try")
    #expect(play.exchange.deadline == play.now + .milliseconds(20))
    play.at(0.54)
    play.exchange.timePassed(now: play.now)
    #expect(play.actions().requests(of: 1) == [], "each vain try doubles the pause")
    #expect(play.exchange.deadline == play.now + .milliseconds(40))
    play.at(0.58)
    play.exchange.timePassed(now: play.now)
    #expect(play.actions().requests(of: 1) == [block(1, 3)])
  }

  @Test func theLastVerdictCompletesTheDownloadOnce() throws {
    let play = try Play(pieces: 2)
    play.seed(1)
    _ = play.actions()
    play.delivers(1, 0)
    #expect(!play.actions().contains(.complete))
    play.delivers(1, 1)
    #expect(play.actions().count { $0 == .complete } == 1)
    play.exchange.want(play.set([0]), now: play.now)
    #expect(!play.actions().contains(.complete))
  }
}
