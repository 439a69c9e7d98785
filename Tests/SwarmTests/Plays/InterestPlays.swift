import Primitives
import Testing

@testable import Swarm

/// Peers hear from us whether they have pieces that we want.
@Suite struct InterestPlays {
  @Test func theFirstPieceThatWeWantMakesAPeerInteresting() throws {
    let play = try Play(verified: [0])
    play.peer(1, has: [], isServing: false)
    #expect(play.actions() == [])
    play.has(1, 0)
    #expect(play.actions() == [], "we have that one")
    play.has(1, 2)
    #expect(play.actions() == [.interest(1, true)])
    play.has(1, 3)
    #expect(play.actions() == [], "it knows already")
  }

  @Test func aPeerThatOnlyHasUnwantedPiecesIsNotInteresting() throws {
    let play = try Play(wanted: [2, 3])
    play.peer(1, has: [0, 1], isServing: false)
    play.peer(2, has: [1, 2], isServing: false)
    #expect(play.actions() == [.interest(2, true)])
  }

  @Test func interestEndsWithTheLastPieceThatAPeerHasForUs() throws {
    let play = try Play()
    play.peer(1, has: [0], isServing: false)
    play.peer(2, has: [0, 1])
    _ = play.actions()
    play.delivers(2, 0)
    #expect(play.actions().interests == [.interest(1, false)])
    play.has(1, 1)
    #expect(play.actions().interests == [.interest(1, true)])
  }

  @Test func aPieceThatFailsKeepsItsOwnersInteresting() throws {
    let play = try Play()
    play.peer(1, has: [0], isServing: false)
    play.seed(2)
    play.liars = [2]
    _ = play.actions()
    play.delivers(2, 0)
    #expect(play.actions().interests == [])
  }

  @Test func nothingIsAskedOfAPeerThatHasNothingForUs() throws {
    let play = try Play(wanted: [0])
    play.peer(1, has: [1, 2, 3])
    play.peer(2, has: [])
    #expect(play.actions() == [])
    play.seed(3)
    let actions = play.actions()
    #expect(actions.requests(of: 1) == [])
    #expect(actions.requests(of: 2) == [])
    #expect(actions.requests(of: 3) == blocks(0, 0...3))
  }
}
