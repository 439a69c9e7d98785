import Primitives
import Testing

@testable import Swarm

/// Peers that are not choked are served, each request at most once.
@Suite struct ServingPlays {
  /// An exchange with the first two of four pieces, and a peer that may download.
  private func serving(_ peer: PeerNumber = 1) throws -> Play {
    let play = try Play(verified: [0, 1])
    play.peer(peer, has: [], isServing: false)
    play.exchange.interested(peer, true, now: play.now)
    _ = play.actions()
    return play
  }

  private func takes(_ play: Play, _ bytes: Int = 1 << 20) -> [Block] {
    play.exchange.takeUploads(for: 1, upTo: bytes)
  }

  @Test func aFreeSlotIsGivenAtOnce() throws {
    let play = try Play(verified: [0])
    play.leechers(1...1)
    #expect(play.actions() == [.choke(1, false)])
  }

  @Test func requestsAreServedInTheirOrderAfterOneSignal() throws {
    let play = try serving()
    for block in blocks(1, 0...2) { play.exchange.requested(block, by: 1) }
    #expect(play.actions() == [.serve(1)])
    #expect(takes(play, Block.standardLength) == blocks(1, [0]))
    #expect(takes(play) == blocks(1, 1...2))
    #expect(play.exchange.uploaded(blocks(1, 0...2), to: 1, now: play.now) == blocks(1, 0...2))
    #expect(play.traffic.uploaded == 3 * Int64(Block.standardLength))
  }

  @Test func aChokedPeerIsNotServed() throws {
    let play = try Play(verified: [0, 1])
    play.peer(1, has: [], isServing: false)
    play.exchange.requested(block(0, 0), by: 1)
    #expect(play.actions() == [])
    #expect(takes(play) == [])
  }

  @Test func aPieceThatWeDoNotHaveIsNotServed() throws {
    let play = try serving()
    play.exchange.requested(block(2, 0), by: 1)
    #expect(play.actions() == [])
    #expect(takes(play) == [])
  }

  @Test func aPieceIsAnnouncedAndServedOnceItIsWritten() throws {
    let play = try serving()
    play.seed(2)
    play.peer(3, has: [2], isServing: false)
    _ = play.actions()
    play.brings(2, blocks(2, 0...3))
    play.judge(2, isWritten: false)
    #expect(play.actions().haves == [])
    play.exchange.requested(block(2, 0), by: 1)
    #expect(takes(play) == [], "it cannot be read yet")
    play.exchange.written(2)
    #expect(play.actions().haves == [.have(2, to: 1)], "not to those that have it")
    play.exchange.requested(block(2, 0), by: 1)
    #expect(takes(play) == [block(2, 0)])
  }

  @Test func aCancelledRequestIsNotServed() throws {
    let play = try serving()
    for block in blocks(0, 0...2) { play.exchange.requested(block, by: 1) }
    play.exchange.cancelled(block(0, 1), by: 1)
    #expect(takes(play) == blocks(0, [0, 2]))
  }

  @Test func aPeerThatWantsNothingMoreIsChokedAndNotServed() throws {
    let play = try serving()
    for block in blocks(0, 0...1) { play.exchange.requested(block, by: 1) }
    let reading = takes(play, Block.standardLength)
    play.at(1)
    _ = play.actions()
    play.exchange.interested(1, false, now: play.now)
    #expect(play.actions() == [.choke(1, true)])
    #expect(play.exchange.uploaded(reading, to: 1, now: play.now) == [], "it expects no block now")
    #expect(takes(play) == [])
  }

  @Test func tooManyRequestsEndTheConnection() throws {
    let play = try serving()
    for _ in 0..<UploadLedger.limit { play.exchange.requested(block(0, 0), by: 1) }
    #expect(play.actions().ends == [])
    play.exchange.requested(block(0, 0), by: 1)
    #expect(play.actions().ends == [.close(1, .tooManyRequests(limit: UploadLedger.limit))])
  }

  @Test func changesOfInterestLeadToOneDecisionEveryTenthOfASecond() throws {
    let play = try serving()
    play.at(0.01)
    play.leechers(2...2)
    #expect(play.actions() == [])
    #expect(play.exchange.deadline == play.now + .milliseconds(90))
    play.at(0.1)
    play.exchange.timePassed(now: play.now)
    #expect(play.actions() == [.choke(2, false)])
  }

  @Test func slotsGoToThoseWhoGiveMostAndOneGoesRound() throws {
    let play = try Play(pieces: 40, verified: [0])
    play.leechers(1...12)
    play.ticks(until: 1)
    for number in 5...11 {
      let peer = PeerNumber(number)
      play.has(peer, PieceIndex(number))
      play.unchokes(peer)
    }
    _ = play.actions()
    for number in 5...11 { play.brings(PeerNumber(number), blocks(number, 0...3)) }
    play.ticks(until: 11)
    let unchoked = play.served
    #expect(unchoked.count == 8)
    #expect(unchoked.isSuperset(of: (5...11).map { PeerNumber($0) }), "they give")
    var lucky: Set<PeerNumber> = []
    for round in 1...8 {
      for number in 5...11 {
        let peer = PeerNumber(number)
        play.has(peer, PieceIndex(12 + (number + round) % 7))
        play.brings(peer, play.owed(by: peer).prefix(1).map(\.self))
      }
      play.ticks(until: 11 + 30 * Double(round))
      lucky.formUnion(play.served.filter { !(5...11).contains($0.value) })
    }
    #expect(lucky.count > 1, "one slot goes round")
  }
}

extension Play {
  /// The peers that may download from us.
  var served: Set<PeerNumber> {
    Set(
      exchange.board.peers.numbers.indices.filter { !exchange.board.peers.dealings[$0].amChoking }
        .map { exchange.board.peers.numbers[$0] })
  }
}
