import Networking
import Primitives
import TestSupport
import Testing

@testable import Download

/// Connections of many torrents under one limit.
@Suite struct ConnectionBudgetTests {
  @Reactor private struct Scene {
    let members = SessionMembers()
    let budget: ConnectionBudget
    let diary = FakeMember.Diary()
    var torrents: [InfoHash] = []

    init(limit: Int, torrents count: UInt8) throws {
      budget = ConnectionBudget(limit: limit, members: members)
      for number in 1...count {
        let member = FakeMember(try SessionScene.hash(number), diary: diary)
        #expect(members.add(member))
        budget.join(member.infoHash)
        torrents.append(member.infoHash)
      }
    }

    func member(_ number: Int) throws -> FakeMember {
      try #require(members.all[number] as? FakeMember)
    }

    /// Dials and greets as often as it may.
    func fill(_ number: Int, upTo count: Int = .max) {
      while budget.count(of: torrents[number]) < count, budget.mayDial(for: torrents[number]) {
        budget.began(for: torrents[number])
        budget.established(for: torrents[number])
      }
    }
  }

  @Test @Reactor func aSingleTorrentMayHaveAll() throws {
    let scene = try Scene(limit: 100, torrents: 1)
    scene.fill(0)
    #expect(scene.budget.count == 100)
  }

  @Test @Reactor func everyTorrentMayHaveAFew() throws {
    let scene = try Scene(limit: 100, torrents: 3)
    scene.fill(0)
    // 2 × 8 places are kept for the others.
    #expect(scene.budget.count(of: scene.torrents[0]) == 84)
    scene.fill(1)
    scene.fill(2)
    #expect(scene.torrents.map { scene.budget.count(of: $0) } == [84, 8, 8])
  }

  /// Torrents without peers do not hold up one that has many.
  @Test @Reactor func guaranteesTakeAQuarterAtMost() throws {
    let scene = try Scene(limit: 100, torrents: 20)
    scene.fill(0)
    #expect(scene.budget.count(of: scene.torrents[0]) >= 75)
  }

  @Test @Reactor func halfOpenConnectionsHaveALimitOfTheirOwn() throws {
    let scene = try Scene(limit: 1000, torrents: 1)
    let torrent = scene.torrents[0]
    for _ in 0..<ConnectionBudget.halfOpenLimit {
      #expect(scene.budget.mayDial(for: torrent))
      scene.budget.began(for: torrent)
    }
    #expect(!scene.budget.mayDial(for: torrent))
    scene.budget.ended(.failedDial, for: torrent)
    #expect(scene.diary.woken == [torrent])
    #expect(scene.budget.mayDial(for: torrent))
    #expect(scene.budget.count == ConnectionBudget.halfOpenLimit - 1)
  }

  @Test @Reactor func whoWasRefusedIsToldInOrder() throws {
    let scene = try Scene(limit: 12, torrents: 3)
    for number in 0..<3 { scene.fill(number, upTo: 4) }
    let (one, two, three) = (scene.torrents[0], scene.torrents[1], scene.torrents[2])
    #expect(!scene.budget.mayDial(for: three))
    #expect(!scene.budget.mayDial(for: one))
    #expect(!scene.budget.mayDial(for: three))
    scene.budget.ended(.outgoing, for: two)
    #expect(scene.diary.woken == [three, one])
    // The torrent is told only once.
    scene.budget.ended(.outgoing, for: two)
    #expect(scene.diary.woken == [three, one])
  }

  @Test @Reactor func aRichTorrentMakesRoomForAPoorOne() throws {
    let scene = try Scene(limit: 100, torrents: 1)
    scene.fill(0)
    let late = FakeMember(try SessionScene.hash(9), diary: scene.diary)
    #expect(scene.members.add(late))
    scene.budget.join(late.infoHash)
    #expect(scene.budget.surplus(of: scene.torrents[0]) == 0)
    #expect(!scene.budget.mayDial(for: late.infoHash))
    #expect(scene.budget.surplus(of: scene.torrents[0]) == 8)
    #expect(scene.budget.surplus(of: late.infoHash) == 0)
    scene.budget.ended(.outgoing, for: scene.torrents[0])
    #expect(scene.diary.woken == [late.infoHash])
    // The place is kept for the late one.
    #expect(!scene.budget.mayDial(for: scene.torrents[0]))
    #expect(scene.budget.mayDial(for: late.infoHash))
  }

  @Test @Reactor func whatComesInLeavesRoomForWhatWeDial() throws {
    let scene = try Scene(limit: 16, torrents: 1)
    func come(_ range: Range<UInt32>) -> Int {
      range.count { scene.budget.admit(.v4(0x0A00_0000 + $0)) }
    }
    #expect(come(0..<100) == 8)
    #expect(scene.budget.unnamed == 8)
    scene.budget.welcomed(for: scene.torrents[0])
    #expect(scene.budget.unnamed == 7)
    #expect(scene.budget.count == 8)
    // A seed dials nobody, so more may come.
    try scene.member(0).dhtNeeds.isSeed = true
    #expect(come(100..<200) == 6)
    try scene.member(0).dhtNeeds.isSeed = false
    scene.fill(0)
    #expect(scene.budget.count == 16)
    scene.budget.turnedAway(.v4(0x0A00_0001))
    scene.budget.ended(.incoming(.v4(0x0A00_0000)), for: scene.torrents[0])
    #expect(scene.budget.count == 14)
  }

  @Test @Reactor func anIncomingConnectionTakesNobodysShare() throws {
    let scene = try Scene(limit: 16, torrents: 2)
    #expect(scene.budget.admit(.v4(0x0A00_0000)))
    scene.fill(0)
    // The other one has 2 places kept, and the newcomer its own.
    #expect(scene.budget.count(of: scene.torrents[0]) == 13)
    #expect(!scene.budget.mayWelcome(for: scene.torrents[0]) == false)
    scene.budget.welcomed(for: scene.torrents[0])
    #expect(scene.budget.admit(.v4(0x0A00_0001)))
    #expect(!scene.budget.mayWelcome(for: scene.torrents[0]))
    #expect(scene.budget.mayWelcome(for: scene.torrents[1]))
  }

  @Test(arguments: UInt64(1)...20)
  func theLimitHoldsWhateverHappens(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let limit = Int.random(in: 1...60, using: &random)
    var shares = FairShares(limit: limit)
    var counts: [InfoHash: Int] = [:]
    for _ in 0..<3000 {
      let torrent = try SessionScene.hash(UInt8.random(in: 0..<12, using: &random))
      switch (UInt8.random(in: 0..<20, using: &random), counts[torrent]) {
      case (0, nil):
        shares.join(torrent)
        counts[torrent] = 0
      case (1, .some):
        shares.leave(torrent)
        counts[torrent] = nil
      case (2..<7, .some(let count)) where count > 0:
        shares.give(torrent)
        counts[torrent] = count - 1
      case (7..., .some(let count)) where shares.mayTake(torrent):
        shares.take(torrent)
        counts[torrent] = count + 1
      case (7..., .some(let count)):
        // A torrent with less than its share is refused only when there is no place at all.
        #expect(count >= shares.share || shares.total == limit)
      default: continue
      }
      #expect(shares.total == counts.values.reduce(0, +))
      #expect(shares.total <= limit)
    }
  }
}
