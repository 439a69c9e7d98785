import Primitives
import Testing

@testable import Swarm

/// A peer that chokes and unchokes us a thousand times, in simulated time.
@Suite struct ChokeFlapTests {
  /// The time for which a peer serves us, and then chokes us, in milliseconds.
  struct Rhythm: Sendable, CustomTestStringConvertible {
    let on: Int
    let off: Int

    var testDescription: String { "\(on) ms on, \(off) ms off" }
  }

  private static let rhythms = [
    Rhythm(on: 50, off: 50), Rhythm(on: 50, off: 300), Rhythm(on: 300, off: 300),
    Rhythm(on: 600, off: 50), Rhythm(on: 50, off: 5000), Rhythm(on: 300, off: 30_000),
  ]

  @Test(arguments: rhythms)
  func aThousandChokesLeaveTheBooksInOrder(rhythm: Rhythm) throws {
    let peer = try FlappingPeer(rhythm: rhythm)
    for _ in 0..<1000 { try peer.spell() }
    let account = peer.account
    #expect(account.asked == account.answered + account.takenBack, "each request has its end")
    #expect(account.unrequested == 0)
    #expect(peer.play.traffic.downloaded == account.answered + account.late)
    #expect(peer.play.traffic.wasted == 0)
    #expect(peer.play.owed(by: 1) == [])
    // A piece that is requested to its end is no claim any more, so chokes leave some of these too.
    #expect(peer.begun <= peer.deepest / 16 + 4, "it goes on with what it has begun")
    #expect(peer.play.actions().ends == [])
    // A spell loses a round trip, and the block that it breaks off.
    let usable = Double(rhythm.on) / 1000 - FlappingPeer.roundTrip
    let due = usable * FlappingPeer.rate - Double(Block.standardLength)
    #expect(Double(peer.play.traffic.downloaded) > 0.9 * 1000 * due)
  }
}

/// The peer and the link to it.
private final class FlappingPeer {
  /// The peer's rate in bytes per second.
  static let rate = 1e6
  /// The round-trip time in seconds.
  static let roundTrip = 0.006

  let play: Play
  private let rhythm: ChokeFlapTests.Rhythm
  private var start = 0.0
  private var nextTick = 0.5
  /// The largest number of pieces that were begun and not whole at a choke.
  private(set) var begun = 0
  /// The largest number of blocks that the peer owed.
  private(set) var deepest = 0
  private var spells = 0

  init(rhythm: ChokeFlapTests.Rhythm) throws {
    self.rhythm = rhythm
    play = try Play(pieces: 3000, blocks: 16)
    play.seed(1, isServing: false)
    _ = play.actions()
  }

  var account: RequestLedger.Account {
    let place = play.exchange.board.peers.place(of: 1) ?? 0
    return play.exchange.board.peers.dealings[place].window.ledger.account
  }

  /// Lets one spell pass, and the choke after it.
  func spell() throws {
    advance(to: start)
    play.unchokes(1)
    var queue = Fifo<Block>()
    for block in play.actions().requests(of: 1) { queue.append(block) }
    let end = start + Double(rhythm.on) / 1000
    var time = start + Self.roundTrip
    // A block that the peer has not sent before it chokes us is not sent at all.
    while let next = queue.popFirst() {
      time += Double(next.length) / Self.rate
      guard time <= end else { break }
      advance(to: time)
      play.brings(1, next)
      let actions = play.actions()
      for case .hash(let piece, _) in actions { play.judge(piece) }
      for block in actions.requests(of: 1) + play.actions().requests(of: 1) {
        queue.append(block)
      }
      deepest = max(deepest, queue.count)
    }
    advance(to: end)
    play.chokes(1)
    try #require(play.owed(by: 1) == [])
    spells += 1
    if spells % 100 == 0 {
      let broken = play.exchange.board.checkInvariants()
      try #require(broken == nil)
    }
    begun = max(begun, play.exchange.board.activePieceCount)
    start = end + Double(rhythm.off) / 1000
  }

  /// Lets time pass, with a tick every half second.
  private func advance(to time: Double) {
    while nextTick <= time {
      play.at(nextTick)
      play.tick()
      nextTick += 0.5
    }
    play.at(time)
  }
}
