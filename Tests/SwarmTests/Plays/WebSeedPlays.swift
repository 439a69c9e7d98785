import Primitives
import Testing

@testable import Swarm

/// Web seeds are sources like peers, but deliver runs of blocks.
@Suite struct WebSeedPlays {
  @Test func aWebSeedTakesARunOfWholePiecesBesidePeers() throws {
    let play = try Play(pieces: 8)
    play.seed(1)
    #expect(play.actions().begun == [0, 1])
    play.webSeed(9)
    #expect(play.pullsRun(9, limit: 8) == blocks(2, 0...3) + blocks(3, 0...3))
    #expect(play.actions().begun == [2, 3])
    play.seed(2)
    #expect(play.actions().requests(of: 2).first == block(4, 0), "nobody gets in its way")
  }

  @Test func aRunEndsBeforeAPieceThatAPeerHasBegun() throws {
    let play = try Play(pieces: 4, blocks: 8)
    play.peer(1, has: [1])
    #expect(play.actions().requests(of: 1) == blocks(1, 0...4))
    play.webSeed(9)
    #expect(play.pullsRun(9, limit: 16) == blocks(0, 0...7))
  }

  @Test func aWebSeedIsToldNothing() throws {
    let play = try Play()
    play.webSeed(9)
    play.exchange.interested(9, false, now: play.now)
    _ = play.pullsRun(9, limit: 4)
    #expect(play.actions() == [.reserve(0)])
    play.delivers(9, 0)
    play.ticks(until: 11)
    #expect(play.actions().messages == [])
  }

  @Test func aWebSeedIsNotTakenForAPeerThatLetsUsWait() throws {
    let play = try Play()
    play.webSeed(9)
    _ = play.pullsRun(9, limit: 4)
    #expect(play.ticks(until: 200).ends == [], "its own time-outs end it")
    #expect(play.owed(by: 9).count == 4)
  }

  @Test func peersRescueTheRunOfALateWebSeed() throws {
    let play = try Play(wanted: [0, 1])
    play.webSeed(9)
    _ = play.pullsRun(9, limit: 4)
    play.peer(1, has: [0])
    _ = play.actions()
    #expect(play.owed(by: 1) == [])
    play.exchange.setLate(9, true, now: play.now)
    #expect(Set(play.actions().requests(of: 1)) == Set(blocks(0, 0...3)))
    play.brings(1, block(0, 3))
    #expect(play.actions().cancels == [.cancel(block(0, 3), of: 9)])
  }

  @Test func aRunThatAWebSeedLosesIsRequestedFromPeers() throws {
    let play = try Play(pieces: 1)
    play.webSeed(9)
    let run = play.pullsRun(9, limit: 4)
    play.brings(9, run[0])
    play.peer(1, has: [0])
    _ = play.actions()
    play.exchange.takeBack(Array(run.dropFirst()), from: 9, now: play.now)
    _ = play.actions()
    #expect(Set(play.owed(by: 1)) == Set(blocks(0, 1...3)))
  }

  @Test func aWebSeedThatSendsWrongDataIsBanned() throws {
    let play = try Play()
    play.webSeed(9)
    play.liars = [9]
    _ = play.pullsRun(9, limit: 4)
    play.delivers(9, 0)
    #expect(play.actions().ends == [.ban(9, evidence: 0)])
    #expect(play.pullsRun(9, limit: 4) == [])
  }

  @Test func aRunBeginsAtTheFrontOfAPieceThatAChokingPeerHasBegun() throws {
    let play = try Play(pieces: 1)
    play.seed(1)
    _ = play.actions()
    play.chokes(1)
    play.webSeed(9)
    #expect(play.pullsRun(9, limit: 4) == blocks(0, 0...3))
  }

  @Test func aRunTakesABegunPieceUpWithoutRoomForItTwice() throws {
    let play = try Play(pieces: 8)
    play.seed(1)
    #expect(play.actions().begun == [0, 1])
    play.chokes(1)
    play.webSeed(9)
    #expect(play.pullsRun(9, limit: 12) == blocks(0, 0...3) + blocks(1, 0...3) + blocks(2, 0...3))
    #expect(play.actions().begun == [2])
  }
}
