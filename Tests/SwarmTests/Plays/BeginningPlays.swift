import Primitives
import Testing

@testable import Swarm

/// Messages that come before the pieces are known hold later.
@Suite struct BeginningPlays {
  @Test func aPeerHearsOfOurInterestBeforeThePiecesAreKnown() throws {
    let play = try Play(isKnown: false)
    play.peer(1, has: [], isServing: false)
    #expect(play.actions() == [.interest(1, true)], "so it can unchoke us meanwhile")
  }

  @Test func thePiecesOfAPeerThatUnchokedUsBeforeAreRequestedAtOnce() throws {
    let play = try Play(isKnown: false)
    play.peer(1, has: [])
    #expect(play.actions().requests(of: 1) == [])
    play.begin()
    play.exchange.has(1, play.set([0, 1, 2, 3]))
    let actions = play.actions()
    #expect(actions.interests == [], "it knows already")
    #expect(actions.requests(of: 1) == blocks(0, 0...3) + blocks(1, [0]))
  }

  @Test func aChokeFromBeforeHoldsLater() throws {
    let play = try Play(isKnown: false)
    play.peer(1, has: [])
    play.chokes(1)
    play.begin()
    play.exchange.has(1, play.set([0]))
    #expect(play.actions().requests(of: 1) == [])
    play.unchokes(1)
    #expect(play.actions().requests(of: 1) == blocks(0, 0...3))
  }

  @Test func aPeerThatHasNothingForUsHearsItWhenItSaysSo() throws {
    let play = try Play(isKnown: false)
    play.peer(1, has: [])
    _ = play.actions()
    play.begin(verified: [0])
    play.exchange.has(1, play.set([0]))
    #expect(play.actions() == [.interest(1, false)])
  }

  @Test func aPeerThatSaysNothingOfItsPiecesHearsItToo() throws {
    let play = try Play(isKnown: false)
    play.peer(1, has: [])
    play.peer(2, has: [])
    _ = play.actions()
    play.begin()
    play.exchange.has(2, play.set([0]))
    play.exchange.reviewInterest()
    #expect(play.actions().interests == [.interest(1, false)])
  }

  @Test func theOptionsThatAreChosenForAFoundTorrentHoldForPeersThatAreThere() throws {
    let play = try Play(isKnown: false)
    play.peer(1, has: [])
    play.exchange.choose(pipeline: 2, isSequential: true)
    play.begin()
    play.exchange.has(1, play.set([1, 2, 3]))
    #expect(play.actions().requests(of: 1) == blocks(1, 0...1))
  }

  @Test func nobodyIsServedBeforeThePiecesAreKnown() throws {
    let play = try Play(isKnown: false)
    play.leechers(1...1)
    play.exchange.requested(block(0, 0), by: 1)
    #expect(play.actions() == [.interest(1, true)])
    play.begin(verified: [0])
    play.ticks(until: 11)
    #expect(play.served == [1], "its interest is remembered")
  }

  @Test func theLengthOfAPeersQueueIsRemembered() throws {
    let play = try Play(blocks: 60, isKnown: false) { $0.pipeline = 50 }
    play.peer(1, has: [])
    play.exchange.queues(1, 16)
    play.begin()
    play.exchange.has(1, play.set([0]))
    #expect(play.actions().requests(of: 1).count == 15)
  }
}
