import Networking
import Primitives
import TestSupport
import Testing

@testable import Download

/// Memory that torrents share.
@Suite struct MemoryBudgetTests {
  @Reactor private struct Scene {
    let simulation = Simulation(seed: 1)
    let members = SessionMembers()
    let budget: MemoryBudget
    let diary = FakeMember.Diary()
    var torrents: [InfoHash] = []

    init(limit: Int, torrents count: UInt8) throws {
      budget = MemoryBudget(limit: limit, members: members, clock: simulation.clock)
      for number in 1...count {
        let member = FakeMember(try SessionScene.hash(number), diary: diary)
        #expect(members.add(member))
        torrents.append(member.infoHash)
      }
    }

    /// Reserves if that is allowed.
    func take(_ bytes: Int, _ number: Int) -> Bool {
      guard budget.mayReserve(bytes, for: torrents[number]) else { return false }
      budget.reserve(bytes, for: torrents[number])
      return true
    }

    func give(_ bytes: Int, _ number: Int) { budget.release(bytes, for: torrents[number]) }

    /// The torrents that were woken since the last call.
    func woken() -> [Int?] {
      defer { diary.woken = [] }
      return diary.woken.map { torrents.firstIndex(of: $0) }
    }
  }

  @Test @Reactor func torrentsStayWithinTheLimitTogether() throws {
    let scene = try Scene(limit: 100, torrents: 2)
    #expect(scene.take(40, 0))
    #expect(scene.take(40, 1))
    #expect(scene.take(20, 0))
    #expect(!scene.take(1, 0))
    #expect(scene.budget.total == 100)
    scene.give(40, 1)
    #expect(scene.take(40, 0))
    #expect(scene.budget.held(by: scene.torrents[0]) == 100)
  }

  @Test @Reactor func whoHoldsNothingMayHaveOnePiece() throws {
    let scene = try Scene(limit: 100, torrents: 3)
    #expect(scene.take(500, 0))
    #expect(scene.take(30, 1))
    #expect(scene.take(30, 2))
    #expect(scene.budget.total == 560)
    #expect(!scene.take(30, 1))
    #expect(!scene.take(30, 2))
  }

  @Test @Reactor func freedMemoryGoesToThoseWhoAskedFirst() throws {
    let scene = try Scene(limit: 100, torrents: 3)
    #expect(scene.take(80, 0))
    #expect(scene.take(10, 1))
    #expect(scene.take(10, 2))
    #expect(!scene.take(20, 2))
    #expect(!scene.take(20, 1))
    scene.give(20, 0)
    #expect(scene.woken() == [2])
    // Freed memory is kept for the torrent that was woken, and its turn comes before the others'.
    #expect(!scene.take(20, 0))
    #expect(!scene.take(20, 1))
    #expect(scene.take(20, 2))
    scene.give(20, 0)
    #expect(scene.woken() == [1])
    #expect(!scene.take(10, 2))
    #expect(scene.take(20, 1))
    scene.give(40, 0)
    #expect(scene.woken() == [0, 2])
    #expect(scene.budget.total == 60)
  }

  @Test @Reactor func memoryThatNobodyComesForIsNotKeptLong() async throws {
    let scene = try Scene(limit: 100, torrents: 2)
    try await scene.simulation.run {
      #expect(scene.take(90, 0))
      #expect(scene.take(10, 1))
      #expect(!scene.take(20, 1))
      #expect(!scene.take(20, 0))
      scene.give(20, 0)
      #expect(scene.woken() == [1])
      #expect(!scene.take(20, 0))
      await scene.simulation.clock.sleep(for: MemoryBudget.patience * 2)
      #expect(scene.woken() == [0])
      #expect(scene.take(20, 0))
    }
  }

  @Test @Reactor func aPieceLargerThanTheLimitDoesNotWaitForEver() throws {
    let scene = try Scene(limit: 100, torrents: 2)
    #expect(scene.take(90, 0))
    #expect(scene.take(10, 1))
    #expect(!scene.take(90, 0))
    #expect(!scene.take(10, 1))
    scene.give(90, 0)
    // The first may start again although the other one holds something.
    #expect(scene.woken().first == 0)
    #expect(scene.take(90, 0))
  }

  @Test @Reactor func whoLeavesGivesEverythingBack() throws {
    let scene = try Scene(limit: 100, torrents: 3)
    #expect(scene.take(90, 0))
    #expect(scene.take(10, 1))
    #expect(!scene.take(20, 0))
    #expect(!scene.take(20, 1))
    let first = scene.members.all[0]
    #expect(scene.members.remove(first))
    scene.budget.leave(first.infoHash)
    #expect(scene.woken() == [1])
    #expect(scene.budget.total == 10)
    #expect(scene.take(20, 1))
  }

  /// Torrents that always want more: the account is exact, and everybody has its turns.
  @Test(arguments: UInt64(1)...10) @Reactor
  func nobodyStarves(seed: UInt64) async throws {
    let scene = try Scene(limit: 1000, torrents: 5)
    try await scene.simulation.run {
      var random = SeededRandom(seed: seed)
      let lengths = [7, 50, 120, 200, 333]
      var pieces = [0, 0, 0, 0, 0]
      var turns = [0, 0, 0, 0, 0]
      for _ in 0..<20_000 {
        let number = Int.random(in: 0..<5, using: &random)
        let isFirst = pieces[number] == 0
        if Bool.random(using: &random), scene.take(lengths[number], number) {
          #expect(isFirst || scene.budget.total <= 1000)
          pieces[number] += 1
          turns[number] += 1
        } else if pieces[number] > 0, UInt8.random(in: 0..<4, using: &random) == 0 {
          scene.give(lengths[number], number)
          pieces[number] -= 1
        }
        #expect(scene.budget.total == zip(pieces, lengths).reduce(0) { $0 + $1.0 * $1.1 })
      }
      #expect(turns.allSatisfy { $0 > 300 })
    }
  }
}
