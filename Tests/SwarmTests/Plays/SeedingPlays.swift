import Primitives
import Testing

@testable import Swarm

/// At a seed, leechers take turns, and useless peers make room.
@Suite struct SeedingPlays {
  @Test func seedsGoWhenWeSeed() throws {
    let play = try Play(verified: [0, 1, 2, 3])
    play.peer(1, has: [0], isServing: false)
    play.exchange.beginSeeding(now: play.now)
    #expect(play.actions().ends == [])
    play.seed(2, isServing: false)
    #expect(play.actions().ends == [.close(2, .nothingToExchange)])
  }

  @Test func theSeedsOfADownloadGoWhenItBecomesASeed() throws {
    let play = try Play(pieces: 1)
    play.seed(1)
    play.leechers(2...2)
    play.peer(3, has: [], isServing: false)
    play.exchange.uploadOnly(3, true)
    _ = play.actions()
    play.delivers(1, 0)
    #expect(play.actions().ends == [])
    play.exchange.beginSeeding(now: play.now)
    #expect(
      play.actions().ends == [.close(1, .nothingToExchange), .close(3, .nothingToExchange)])
  }

  @Test func aPartialSeedStaysForAsLongAsItHasSomethingForUs() throws {
    let play = try Play(pieces: 2)
    play.peer(1, has: [0])
    play.exchange.uploadOnly(1, true)
    let actions = play.actions()
    #expect(actions.ends == [])
    #expect(actions.requests(of: 1) == blocks(0, 0...3))
    #expect(play.countsAsSeed(1))
  }

  @Test func aPartialSeedThatMeetsASeedGoes() throws {
    let play = try Play(verified: [0, 1, 2, 3])
    play.peer(1, has: [0], isServing: false)
    _ = play.actions()
    play.exchange.uploadOnly(1, true)
    #expect(play.actions() == [.close(1, .nothingToExchange)])
  }

  @Test func aPeerThatGetsItsLastPieceLeavesASeed() throws {
    let play = try Play(verified: [0, 1, 2, 3])
    play.peer(1, has: [0, 1, 2], isServing: false)
    _ = play.actions()
    play.has(1, 3)
    #expect(play.actions() == [.close(1, .nothingToExchange)])
  }

  @Test func aSlotAtASeedLastsAMinuteWhileOthersWait() throws {
    let play = try Play(verified: [0, 1, 2, 3])
    play.leechers(1...11)
    play.ticks(until: 1)
    let first = play.served
    #expect(first.count == 8)
    play.ticks(until: 59)
    #expect(play.served == first)
    play.ticks(until: 71)
    let second = play.served
    #expect(second.count == 8)
    #expect(second.isSuperset(of: Set((1...11).map { PeerNumber($0) }).subtracting(first)))
  }

  @Test func aFullHouseSendsThoseAwayThatWantNothing() throws {
    let play = try Play(verified: [0, 1, 2, 3]) { $0.maximumPeers = 2 }
    play.leechers(1...1)
    play.peer(2, has: [], isServing: false)
    // The first look comes ten seconds after the first tick.
    #expect(play.ticks(until: 610).ends == [])
    #expect(play.ticks(until: 621).ends == [.close(2, .inactive)])
  }

  @Test func nobodyIsSentAwayWhileThereIsRoom() throws {
    let play = try Play(verified: [0, 1, 2, 3]) { $0.maximumPeers = 100 }
    play.leechers(1...25)
    play.peer(26, has: [], isServing: false)
    #expect(play.ticks(until: 700, someoneWaits: true).ends == [])
  }

  @Test func everyFiveMinutesTheLeastUsefulMakeRoomForOthers() throws {
    let play = try Play(verified: [0, 1, 2, 3]) { $0.maximumPeers = 25 }
    play.leechers(1...24)
    play.peer(25, has: [], isServing: false)
    #expect(play.ticks(until: 290, someoneWaits: true).ends == [])
    #expect(play.ticks(until: 311, someoneWaits: true).ends == [.close(25, .replaced)])
  }
}
