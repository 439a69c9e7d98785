import Primitives
import Testing

@testable import Swarm

/// The end of a connection and of the exchange.
@Suite struct EndPlays {
  @Test func nothingIsAskedOfAPeerThatIsAboutToLeave() throws {
    let play = try Play()
    play.seed(1)
    _ = play.actions()
    play.exchange.part(1)
    play.brings(1, block(0, 0))
    #expect(play.isHere(block(0, 0)), "what still comes of it counts")
    #expect(play.ticks(until: 5).messages == [])
  }

  @Test func aLeaversSlotIsGivenToAnother() throws {
    let play = try Play(verified: [0, 1, 2, 3])
    play.leechers(1...9)
    play.ticks(until: 1)
    let waiting = Set((1...9).map { PeerNumber($0) }).subtracting(play.served)
    let leaver = try #require(play.served.min())
    play.leaves(leaver)
    #expect(Set(play.actions().unchoked) == waiting)
  }

  @Test func aClosedExchangeFindsNothing() throws {
    let play = try Play()
    play.seed(1, isServing: false)
    play.exchange.close()
    play.unchokes(1)
    #expect(play.actions().requests(of: 1) == [])
    play.webSeed(9)
    #expect(play.pullsRun(9, limit: 4) == [])
    #expect(play.exchange.pullWhole(9) == nil)
  }

  @Test func aClosedExchangeDecidesNothingLater() throws {
    let play = try Play(verified: [0])
    play.leechers(1...2)
    #expect(play.exchange.deadline != nil)
    play.exchange.close()
    #expect(play.exchange.deadline == nil)
  }

  @Test func theLeastUsefulPeersMakeRoom() throws {
    let play = try Play(verified: [0])
    play.peer(1, has: [0], isServing: false)
    play.seed(2)
    play.peer(3, has: [], isServing: false)
    play.seed(4)
    play.brings(4, play.owed(by: 4))
    _ = play.actions()
    play.exchange.makeRoom(for: 3, now: play.now)
    let ends = play.actions().ends
    #expect(
      ends == [.close(1, .replaced), .close(3, .replaced), .close(2, .replaced)],
      "the one that brings something stays")
  }
}
