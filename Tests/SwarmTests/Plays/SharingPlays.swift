import Primitives
import Testing

@testable import Swarm

/// Peers work on pieces of their own, and help others with theirs.
@Suite struct SharingPlays {
  @Test func eachPeerBeginsAPieceOfItsOwn() throws {
    let play = try Play(pieces: 8)
    play.seed(1)
    _ = play.actions()
    play.seed(2)
    let actions = play.actions()
    #expect(actions.begun == [2, 3])
    #expect(actions.requests(of: 2) == blocks(2, 0...3) + blocks(3, [0]))
  }

  @Test func freeBlocksOfABegunPieceAreTakenFromTheBack() throws {
    let play = try Play(pieces: 1, blocks: 16)
    play.seed(1)
    #expect(play.actions().requests(of: 1) == blocks(0, 0...4))
    play.seed(2)
    #expect(play.actions().requests(of: 2) == blocks(0, (11...15).reversed()))
  }

  @Test func aPeerThatMayOweLessThanAPieceHelpsWithABegunOne() throws {
    let play = try Play(pieces: 4, blocks: 16)
    play.seed(1)
    #expect(play.actions().begun == [0])
    play.seed(2)
    let actions = play.actions()
    #expect(actions.begun == [], "few pieces are begun at a time")
    #expect(actions.requests(of: 2) == blocks(0, (11...15).reversed()))
  }

  @Test func aLeaversDebtsAreRequestedFromOthers() throws {
    let play = try Play(pieces: 1)
    play.seed(1)
    _ = play.actions()
    play.brings(1, block(0, 0))
    play.seed(2)
    _ = play.actions()
    play.leaves(1)
    _ = play.actions()
    #expect(Set(play.owed(by: 2)) == Set(blocks(0, 1...3)))
  }

  @Test func aPieceThatItsOnlyOwnerLeavesWaitsForAnother() throws {
    let play = try Play()
    play.peer(1, has: [0])
    play.peer(2, has: [1, 2, 3])
    _ = play.actions()
    play.brings(1, block(0, 0))
    play.leaves(1)
    #expect(play.actions().requests(of: 2).allSatisfy { $0.piece != 0 })
    play.peer(3, has: [0])
    #expect(Set(play.actions().requests(of: 3)) == Set(blocks(0, 1...3)), "what came is kept")
  }

  @Test func aFastPeerTakesOverFromAMuchSlowerOne() throws {
    let play = try Play()
    play.peer(1, has: [0, 3])
    play.peer(2, has: [0, 1])
    _ = play.actions()
    play.ticks(until: 4.5)
    #expect(play.owed(by: 1).count == 5)
    play.at(4.9)
    play.brings(2, blocks(1, 0...3))
    play.judge(1)
    let actions = play.ticks(until: 5.5)
    #expect(Set(actions.requests(of: 2)) == Set(blocks(0, 0...3)))
    #expect(actions.cancels == [], "whoever is first")
    play.brings(2, block(0, 3))
    #expect(play.actions().cancels == [.cancel(block(0, 3), of: 1)])
  }

  @Test func theRarestPieceComesFirst() throws {
    let play = try Play(pieces: 40, verified: [0, 1, 2, 3]) { $0.isSequential = false }
    for peer in 10...12 {
      play.peer(PeerNumber(peer), has: Array(4..<38), isServing: false)
    }
    play.peer(13, has: [4], isServing: false)
    play.seed(1, isServing: false)
    _ = play.actions()
    play.unchokes(1)
    #expect(Set(play.actions().begun) == [38, 39])
  }
}
