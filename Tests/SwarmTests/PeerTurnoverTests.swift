import Primitives
import Swarm
import Testing

@Suite struct PeerTurnoverTests {
  private let start = Instant.zero + .seconds(1000)

  /// A number of peers, of which the n-th brings n bytes per second.
  private func peers(_ count: Int, useless: Set<Int> = []) -> [PeerTurnover.Candidate] {
    (0..<count).map { number in
      .init(
        peer: PeerNumber(number), isInteresting: !useless.contains(number), rate: Double(number),
        joined: start)
    }
  }

  private func numbers(_ range: Range<Int>) -> [PeerNumber] { range.map { PeerNumber($0) } }

  @Test func fourOfAHundredMakeRoomEveryFiveMinutes() {
    var turnover = PeerTurnover(now: start)
    let house = peers(95)
    func review(_ seconds: Int, someoneWaits: Bool = true) -> PeerTurnover.Verdict {
      turnover.review(
        house, limit: 100, someoneWaits: someoneWaits, now: start + .seconds(seconds))
    }
    #expect(review(290) == .init())
    #expect(review(300, someoneWaits: false) == .init())
    #expect(review(310).replaced == numbers(0..<3))
    #expect(review(320) == .init())
    #expect(review(610).replaced == numbers(0..<3))
  }

  @Test func aHouseWithRoomSendsNobodyAway() {
    var turnover = PeerTurnover(now: start)
    let verdict = turnover.review(
      peers(89, useless: [1, 2]), limit: 100, someoneWaits: true, now: start + .seconds(5000))
    #expect(verdict == .init())
  }

  @Test func whoIsNewHasTimeToShowWhatItIsWorth() {
    var turnover = PeerTurnover(now: start - .seconds(1000))
    let verdict = turnover.review(
      peers(100), limit: 100, someoneWaits: true, now: start + .seconds(119))
    #expect(verdict == .init())
  }

  @Test func theUselessGoBeforeTheSlow() {
    var turnover = PeerTurnover(now: start)
    let verdict = turnover.review(
      peers(100, useless: [50, 98]), limit: 100, someoneWaits: true, now: start + .seconds(300))
    #expect(verdict.replaced == [50, 98, 0, 1].map { PeerNumber($0) })
  }

  @Test func whoWantsNothingForTenMinutesGoesWhenAllIsFull() {
    var turnover = PeerTurnover(now: start)
    func review(_ useless: Set<Int>, _ seconds: Int, limit: Int = 20) -> PeerTurnover.Verdict {
      turnover.review(
        peers(20, useless: useless), limit: limit, someoneWaits: false,
        now: start + .seconds(seconds))
    }
    #expect(review([3, 4], 0) == .init())
    // A peer that wanted something meanwhile begins anew.
    #expect(review([3], 300) == .init())
    #expect(review([3, 4], 310) == .init())
    #expect(review([3, 4], 599) == .init())
    #expect(review([3, 4], 600, limit: 21) == .init())
    #expect(review([3, 4], 601).inactive == [PeerNumber(3)])
    #expect(review([4], 910).inactive == [PeerNumber(4)])
  }
}
