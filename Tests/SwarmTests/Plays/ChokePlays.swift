import Primitives
import Testing

@testable import Swarm

/// A peer's choke takes back its debts, and leaves it its claims.
@Suite struct ChokePlays {
  @Test func nothingIsRequestedBeforeTheUnchoke() throws {
    let play = try Play()
    play.seed(1, isServing: false)
    #expect(play.actions() == [.interest(1, true)])
    play.unchokes(1)
    #expect(play.actions().requests(of: 1) == blocks(0, 0...3) + blocks(1, [0]))
  }

  @Test func aChokeInTheMiddleOfAWindowTakesAllRequestsBack() throws {
    let play = try Play(pieces: 2)
    play.seed(1)
    _ = play.actions()
    play.brings(1, block(0, 0))
    play.chokes(1)
    _ = play.actions()
    #expect(play.owed(by: 1) == [])
    play.seed(2)
    #expect(
      play.actions().requests(of: 2).sorted(by: inOrder)
        == blocks(0, 1...3) + blocks(1, [2, 3]), "another peer is asked for it")
  }

  @Test func aPeerContinuesItsPieceAfterTheUnchoke() throws {
    let play = try Play(pieces: 8)
    play.seed(1)
    #expect(play.actions().requests(of: 1) == blocks(0, 0...3) + blocks(1, [0]))
    play.chokes(1)
    play.seed(2)
    #expect(play.actions().requests(of: 2) == blocks(0, (0...3).reversed()) + blocks(1, [3]))
    play.unchokes(1)
    #expect(play.actions().requests(of: 1).prefix(3) == blocks(1, 0...2)[...])
  }

  @Test func aChokingPeersPieceGoesToOneThatServesUs() throws {
    let play = try Play(pieces: 8)
    play.seed(1)
    _ = play.actions()
    play.chokes(1)
    play.seed(2)
    let actions = play.actions()
    #expect(actions.begun == [], "begun pieces come before new ones")
    #expect(actions.requests(of: 2).map(\.piece) == [0, 0, 0, 0, 1])
    play.unchokes(1)
    #expect(play.actions().requests(of: 1).allSatisfy { $0.piece != 0 }, "all of it is owed")
  }

  @Test func aChokeWakesAnIdlePeerForTheFreeBlocks() throws {
    let play = try Play(pieces: 2) { $0.pipeline = 8 }
    play.seed(1)
    play.peer(2, has: [0])
    let before = play.actions()
    #expect(before.requests(of: 1).count == 8)
    #expect(before.requests(of: 2).count <= 1)
    play.chokes(1)
    #expect(play.actions().requests(of: 2).count >= 3)
    #expect(Set(play.owed(by: 2)) == Set(blocks(0, 0...3)))
  }

  @Test func aSpellStartsWithTwiceTheBlocksOfTheLastOne() throws {
    let play = try Play(pieces: 4, blocks: 60)
    play.seed(1)
    #expect(play.actions().requests(of: 1).count == 5, "the first window")
    play.brings(1, blocks(0, 0...4))
    #expect(play.actions().requests(of: 1).count == 25, "four more for each block")
    play.chokes(1)
    play.at(1)
    play.unchokes(1)
    #expect(play.actions().requests(of: 1).count == 15, "five, and two for each block")
  }

  @Test func aPeerThatChokesUsAllTheTimeIsAskedTwentyFiveTimesASecond() throws {
    let play = try Play(pieces: 4, blocks: 60)
    play.seed(1, isServing: false)
    _ = play.actions()
    var spells = 0
    for flap in 0..<1000 {
      play.at(Double(flap) / 1000)
      play.unchokes(1)
      if !play.actions().requests(of: 1).isEmpty { spells += 1 }
      play.chokes(1)
    }
    #expect(spells == 25 + 1000 / 40 - 1, "a burst of 25, and then one every 40 ms")
  }

  @Test func silenceDuringAChokeIsNotHeldAgainstAPeer() throws {
    let play = try Play(pieces: 40)
    play.seed(1)
    _ = play.actions()
    play.chokes(1)
    #expect(play.ticks(until: 200).messages == [])
    play.unchokes(1)
    #expect(play.actions().requests(of: 1).count == 5)
  }
}

/// The order of blocks in the torrent.
func inOrder(_ left: Block, _ right: Block) -> Bool {
  (left.piece, left.offset) < (right.piece, right.offset)
}
