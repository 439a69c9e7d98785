import Primitives
import Swarm
import Testing

@Suite struct ChokerTests {
  /// Peers 0, 1, 2 … that give us data at these rates.
  func peers(giving rates: [Double]) -> [Choker.Candidate] {
    rates.enumerated().map { number, rate in
      Choker.Candidate(
        peer: PeerNumber(number), isInterested: true, downloadRate: rate, uploadRate: 0,
        joined: .zero)
    }
  }

  func choker(slots: Int = 8) -> Choker {
    Choker(slots: slots, random: SeededRandom(seed: 3))
  }

  func seconds(_ seconds: Int) -> Instant { .zero + .seconds(seconds) }

  @Test(arguments: [true, false])
  func freeSlotsAreGivenAtOnce(isSeeding: Bool) {
    var choker = choker()
    let few = peers(giving: [0, 0, 0])
    #expect(choker.rechoke(few, isSeeding: isSeeding, now: .zero) == few.map(\.peer))
    let all = peers(giving: Array(repeating: 0, count: 8))
    #expect(choker.rechoke(all, isSeeding: isSeeding, now: seconds(1)) == all.map(\.peer))
  }

  @Test func whoWantsNothingGetsNoSlot() {
    var choker = choker()
    let bored = Choker.Candidate(
      peer: PeerNumber(9), isInterested: false, downloadRate: 1000, uploadRate: 0, joined: .zero)
    #expect(choker.rechoke([bored], isSeeding: false, now: .zero).isEmpty)
  }

  @Test func theBestGiversHaveTheSlotsUnderContention() {
    var choker = choker()
    let unchoked = choker.rechoke(
      peers(giving: (1...20).map { Double($0) * 1000 }), isSeeding: false, now: .zero)
    #expect(unchoked.count == 8)
    #expect(Set(unchoked).isSuperset(of: (13...19).map { PeerNumber($0) }))
    #expect(unchoked == unchoked.sorted())
  }

  @Test func thoseWhoGiveNothingShareTheOptimisticSlot() {
    var choker = choker()
    let rates = [1000, 2000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] as [Double]
    for time in stride(from: 0, to: 600, by: 10) {
      let unchoked = choker.rechoke(peers(giving: rates), isSeeding: false, now: seconds(time))
      #expect(unchoked.count == 3)
      #expect(unchoked.prefix(2) == [PeerNumber(0), PeerNumber(1)])
    }
  }

  @Test func theOptimisticSlotRotatesEveryThirtySeconds() {
    var choker = choker(slots: 1)
    let rates = peers(giving: [0, 0, 0])
    var holders: [PeerNumber] = []
    for time in stride(from: 0, to: 300, by: 10) {
      holders += choker.rechoke(rates, isSeeding: false, now: seconds(time))
    }
    #expect(holders.count == 30)
    for start in stride(from: 0, to: 30, by: 3) {
      #expect(Set(holders[start..<start + 3]).count == 1)
      if start > 0 { #expect(holders[start] != holders[start - 1]) }
    }
  }

  @Test func anOptimisticPeerThatLeavesIsReplacedAtOnce() throws {
    var choker = choker(slots: 1)
    let all = peers(giving: [0, 0, 0])
    let first = try #require(choker.rechoke(all, isSeeding: false, now: .zero).first)
    let rest = all.filter { $0.peer != first }
    let second = try #require(choker.rechoke(rest, isSeeding: false, now: seconds(1)).first)
    #expect(second != first)
  }

  @Test func nobodyStarvesAtASeed() {
    var choker = choker()
    let all = peers(giving: Array(repeating: 0, count: 40))
    var turns: [PeerNumber: Int] = [:]
    var lastTurn = Array(repeating: 0, count: 40)
    for time in stride(from: 0, to: 3600, by: 10) {
      let unchoked = choker.rechoke(all, isSeeding: true, now: seconds(time))
      #expect(unchoked.count == 8)
      for peer in unchoked {
        turns[peer, default: 0] += 1
        // Five shifts of a minute each.
        #expect(time - lastTurn[peer.value] <= 300)
        lastTurn[peer.value] = time
      }
    }
    #expect(turns.count == 40)
    #expect(turns.values.allSatisfy { $0 == 72 })
  }

  @Test func aTurnAtASeedIsNotCutShort() {
    var choker = choker(slots: 2)
    let all = peers(giving: [0, 0, 0, 0])
    let first = choker.rechoke(all, isSeeding: true, now: .zero)
    #expect(choker.rechoke(all, isSeeding: true, now: seconds(59)) == first)
    let second = choker.rechoke(all, isSeeding: true, now: seconds(60))
    #expect(Set(second).isDisjoint(with: first))
  }

  @Test func aLonelyLeecherKeepsItsSlotAtASeed() {
    var choker = choker(slots: 1)
    let one = peers(giving: [0])
    for time in [0, 60, 120, 500] {
      #expect(choker.rechoke(one, isSeeding: true, now: seconds(time)) == [PeerNumber(0)])
    }
  }

  @Test func theSameSeedChoosesTheSamePeers() {
    var (one, two) = (choker(slots: 3), choker(slots: 3))
    let all = peers(giving: Array(repeating: 0, count: 30))
    for time in stride(from: 0, to: 600, by: 10) {
      let isSeeding = time > 300
      #expect(
        one.rechoke(all, isSeeding: isSeeding, now: seconds(time))
          == two.rechoke(all, isSeeding: isSeeding, now: seconds(time)))
    }
  }
}
