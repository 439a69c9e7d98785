import Primitives
import Testing

@testable import Tracker

/// A schedule behind a reference, so that expectations may change it.
private final class Driver {
  private(set) var schedule: AnnounceSchedule
  private var random: SeededRandom

  init(tiers: [[TrackerURL]], seed: UInt64 = 1, announcesToAll: Bool = false) {
    random = SeededRandom(seed: seed)
    schedule = AnnounceSchedule(
      tiers: tiers, announcesToAll: announcesToAll, random: &random)
  }

  var tiers: [[Int]] { schedule.tiers }
  var toldStarted: [Int] { schedule.toldStarted }

  func owesCompleted(to tracker: Int) -> Bool { schedule.owesCompleted(to: tracker) }
  func completed() { schedule.completed() }
  func startAnew() { schedule.startAnew() }

  func nextOrder(now: Instant, needsPeers: Bool) -> AnnounceSchedule.Order? {
    schedule.nextOrder(now: now, needsPeers: needsPeers)
  }

  func deadline(now: Instant, needsPeers: Bool) -> Instant? {
    schedule.deadline(now: now, needsPeers: needsPeers)
  }

  func succeeded(_ order: AnnounceSchedule.Order, reply: AnnounceReply, now: Instant) {
    schedule.succeeded(order, reply: reply, now: now)
  }

  func grewOlder(by duration: Duration) { schedule.grewOlder(by: duration) }

  func failed(_ order: AnnounceSchedule.Order, now: Instant) {
    schedule.failed(order, now: now, random: &random)
  }
}

/// Time is a number of seconds that the test moves.
@Suite struct AnnounceScheduleTests {
  private let local = "http://127.0.0.1/announce"
  private let publicTracker = "http://t.example/announce"

  private func schedule(_ tiers: [[String]]) throws -> Driver {
    Driver(tiers: try tiers.map { try $0.map { try TrackerURL($0) } })
  }

  /// A tracker's reply grows old while our process is stopped, its failures do not.
  @Test func timeThatPassedForTrackersOnlyMakesThemDueSooner() throws {
    let schedule = try schedule([[publicTracker], ["http://u.example/announce"]])
    let order = try #require(schedule.nextOrder(now: at(0), needsPeers: false))
    schedule.succeeded(order, reply: reply(interval: 1800), now: at(0))
    schedule.grewOlder(by: .seconds(1000))
    #expect(schedule.deadline(now: at(1), needsPeers: false) == at(800))
    schedule.grewOlder(by: .seconds(8 * 3600))
    let again = try #require(schedule.nextOrder(now: at(1), needsPeers: false))
    #expect(again.tracker == order.tracker)
    schedule.failed(again, now: at(1))
    let retry = schedule.schedule.dueTime(of: again.tracker, needsPeers: false)
    schedule.grewOlder(by: .seconds(8 * 3600))
    #expect(schedule.schedule.dueTime(of: again.tracker, needsPeers: false) == retry)
  }

  private func at(_ seconds: Double) -> Instant { .zero + .seconds(seconds) }

  private func reply(interval: Int? = nil, minimum: Int? = nil) -> AnnounceReply {
    var reply = AnnounceReply()
    reply.interval = interval.map { .seconds($0) }
    reply.minimumInterval = minimum.map { .seconds($0) }
    return reply
  }

  /// Answers the announce that is due now, and returns the time of the next one.
  private func answer(
    _ schedule: Driver, _ reply: AnnounceReply, at now: Double, needsPeers: Bool
  ) throws -> Double {
    let order = try #require(schedule.nextOrder(now: at(now), needsPeers: needsPeers))
    schedule.succeeded(order, reply: reply, now: at(now))
    let deadline = try #require(schedule.deadline(now: at(now), needsPeers: needsPeers))
    return (deadline - at(0)).inSeconds
  }

  @Test func localTrackerIsAskedEveryFiveSecondsWithoutPeers() throws {
    let schedule = try schedule([[local]])
    let patient = reply(interval: 1800, minimum: 900)
    #expect(try answer(schedule, patient, at: 0, needsPeers: true) == 5)
    #expect(try answer(schedule, patient, at: 5, needsPeers: true) == 10)
    #expect(schedule.deadline(now: at(5), needsPeers: false) == at(1805))
  }

  @Test func publicTrackerIsAskedAtItsMinimumIntervalWithoutPeers() throws {
    let schedule = try schedule([[publicTracker]])
    #expect(try answer(schedule, reply(minimum: 60), at: 0, needsPeers: true) == 60)
    #expect(try answer(schedule, reply(minimum: 60), at: 60, needsPeers: true) == 120)
  }

  @Test func publicTrackerWithoutMinimumIsAskedEverMoreSeldom() throws {
    let schedule = try schedule([[publicTracker]])
    #expect(try answer(schedule, reply(interval: 200), at: 0, needsPeers: true) == 30)
    #expect(try answer(schedule, reply(interval: 200), at: 30, needsPeers: true) == 90)
    #expect(try answer(schedule, reply(interval: 200), at: 90, needsPeers: true) == 210)
    #expect(try answer(schedule, reply(interval: 200), at: 210, needsPeers: true) == 410)
  }

  @Test func intervalDefaultsToHalfAnHour() throws {
    let schedule = try schedule([[publicTracker]])
    #expect(try answer(schedule, reply(), at: 0, needsPeers: false) == 1800)
  }

  @Test func hostileIntervalOfZeroCausesNoStorm() throws {
    let schedule = try schedule([[publicTracker]])
    let hasty = reply(interval: 0, minimum: 0)
    #expect(try answer(schedule, hasty, at: 0, needsPeers: false) == 30)
    #expect(try answer(schedule, hasty, at: 30, needsPeers: true) == 60)
  }

  @Test func lastPeerGoneMakesTrackerDueEarlier() throws {
    let schedule = try schedule([[local]])
    _ = try answer(schedule, reply(), at: 0, needsPeers: false)
    #expect(schedule.nextOrder(now: at(6), needsPeers: false) == nil)
    #expect(schedule.nextOrder(now: at(6), needsPeers: true) != nil)
  }

  @Test func retriesFollowTheFormulaWithinATenth() throws {
    let schedule = try schedule([[publicTracker]])
    var now = at(0)
    for expected in [17.5, 55, 117.5, 205, 317.5] {
      let order = try #require(schedule.nextOrder(now: now, needsPeers: true))
      schedule.failed(order, now: now)
      let due = try #require(schedule.deadline(now: now, needsPeers: true))
      let delay = (due - now).inSeconds
      #expect(delay >= expected * 0.9 && delay <= expected * 1.1)
      now = due
    }
  }

  @Test func retryDelayIsAtMostAnHour() throws {
    let schedule = try schedule([[publicTracker]])
    var now = at(0)
    for _ in 0..<40 {
      let order = try #require(schedule.nextOrder(now: now, needsPeers: true))
      schedule.failed(order, now: now)
      let due = try #require(schedule.deadline(now: now, needsPeers: true))
      #expect(due - now <= .seconds(3600))
      now = due
    }
  }

  @Test func unreachableLocalTrackerIsTriedEveryFiveSecondsWithoutPeers() throws {
    let schedule = try schedule([[local]])
    for second in stride(from: 0.0, to: 60, by: 5) {
      let order = try #require(schedule.nextOrder(now: at(second), needsPeers: true))
      schedule.failed(order, now: at(second))
      #expect(schedule.deadline(now: at(second), needsPeers: true) == at(second + 5))
    }
    #expect(try #require(schedule.deadline(now: at(56), needsPeers: false)) > at(300))
  }

  @Test func failureMakesWayForTheNextTracker() throws {
    let schedule = try schedule([["http://a.example/"], ["http://b.example/"]])
    let first = try #require(schedule.nextOrder(now: at(0), needsPeers: false))
    #expect(first.tracker == 0)
    #expect(schedule.nextOrder(now: at(0), needsPeers: false) == nil)
    schedule.failed(first, now: at(1))
    #expect(schedule.nextOrder(now: at(1), needsPeers: false)?.tracker == 1)
  }

  @Test func workingTrackerIsTheOnlyOneAskedOncePeersAreKnown() throws {
    let schedule = try schedule([["http://a.example/"], ["http://b.example/"]])
    #expect(try answer(schedule, reply(), at: 0, needsPeers: false) == 1800)
    #expect(schedule.nextOrder(now: at(1), needsPeers: false) == nil)
    #expect(schedule.nextOrder(now: at(1), needsPeers: true)?.tracker == 1)
  }

  @Test func silentTrackerHoldsUpNobody() throws {
    let schedule = try schedule([["http://a.example/"], ["http://b.example/"]])
    _ = try #require(schedule.nextOrder(now: at(0), needsPeers: true))
    #expect(schedule.nextOrder(now: at(0.9), needsPeers: true) == nil)
    #expect(schedule.deadline(now: at(0.9), needsPeers: true) == at(1))
    #expect(schedule.nextOrder(now: at(2.9), needsPeers: false) == nil)
    #expect(schedule.deadline(now: at(2.9), needsPeers: false) == at(3))
    #expect(schedule.nextOrder(now: at(1), needsPeers: true)?.tracker == 1)
  }

  @Test func everyTrackerIsAskedAtItsOwnIntervalWhenAllAreWanted() throws {
    let tiers = try [["a", "b"], ["c"]].map {
      try $0.map { try TrackerURL("http://\($0).example/") }
    }
    let schedule = Driver(tiers: tiers, announcesToAll: true)
    let orders = (0..<3).compactMap { _ in schedule.nextOrder(now: at(0), needsPeers: false) }
    #expect(Set(orders.map(\.tracker)) == [0, 1, 2])
    #expect(schedule.nextOrder(now: at(0), needsPeers: false) == nil)
    for (order, interval) in zip(orders, [100, 200, 300]) {
      schedule.succeeded(order, reply: reply(interval: interval), now: at(0))
    }
    #expect(schedule.nextOrder(now: at(99), needsPeers: false) == nil)
    #expect(schedule.nextOrder(now: at(100), needsPeers: false)?.tracker == orders[0].tracker)
    #expect(schedule.deadline(now: at(100), needsPeers: false) == at(200))
  }

  @Test func successMovesToTheFrontOfTheTier() throws {
    let schedule = try schedule([(0..<4).map { "http://t\($0).example/" }])
    let order = schedule.tiers[0]
    let first = try #require(schedule.nextOrder(now: at(0), needsPeers: false))
    schedule.failed(first, now: at(0))
    let second = try #require(schedule.nextOrder(now: at(0), needsPeers: false))
    schedule.succeeded(second, reply: reply(), now: at(0))
    #expect(schedule.tiers[0] == [order[1], order[0], order[2], order[3]])
  }

  @Test func tierIsShuffledByTheGivenSeed() throws {
    func order(seed: UInt64) throws -> [Int] {
      let tier = try (0..<20).map { try TrackerURL("http://t\($0).example/") }
      return Driver(tiers: [tier], seed: seed).tiers[0]
    }
    #expect(try order(seed: 1) == order(seed: 1))
    #expect(try order(seed: 1) != order(seed: 2))
    #expect(try order(seed: 1).sorted() == Array(0..<20))
  }

  @Test func startedIsToldUntilItIsAnswered() throws {
    let schedule = try schedule([[local]])
    let first = try #require(schedule.nextOrder(now: at(0), needsPeers: true))
    #expect(first.event == .started)
    #expect(schedule.toldStarted == [0])
    schedule.failed(first, now: at(0))
    let second = try #require(schedule.nextOrder(now: at(5), needsPeers: true))
    #expect(second.event == .started)
    schedule.succeeded(second, reply: reply(), now: at(5))
    #expect(schedule.nextOrder(now: at(10), needsPeers: true)?.event == nil)
  }

  @Test func aNewStartIsToldAtOnceAndExactlyOnce() throws {
    let schedule = try schedule([[publicTracker]])
    _ = try answer(schedule, reply(), at: 0, needsPeers: false)
    schedule.startAnew()
    let order = try #require(schedule.nextOrder(now: at(1), needsPeers: false))
    #expect(order.event == .started)
    schedule.succeeded(order, reply: reply(), now: at(1))
    #expect(schedule.deadline(now: at(1), needsPeers: false) == at(1801))
    #expect(schedule.nextOrder(now: at(1801), needsPeers: false)?.event == nil)
  }

  @Test func aNewStartFollowsTheAnnounceUnderWay() throws {
    let schedule = try schedule([[publicTracker]])
    let first = try #require(schedule.nextOrder(now: at(0), needsPeers: false))
    schedule.startAnew()
    #expect(schedule.nextOrder(now: at(0), needsPeers: false) == nil)
    schedule.succeeded(first, reply: reply(), now: at(1))
    #expect(schedule.nextOrder(now: at(1), needsPeers: false)?.event == .started)
  }

  @Test func completedIsToldAtOnceAndExactlyOnce() throws {
    let schedule = try schedule([[publicTracker]])
    _ = try answer(schedule, reply(), at: 0, needsPeers: false)
    schedule.completed()
    let order = try #require(schedule.nextOrder(now: at(1), needsPeers: false))
    #expect(order.event == .completed)
    #expect(schedule.owesCompleted(to: 0))
    schedule.succeeded(order, reply: reply(), now: at(1))
    #expect(!schedule.owesCompleted(to: 0))
    #expect(schedule.deadline(now: at(1), needsPeers: false) == at(1801))
    #expect(schedule.nextOrder(now: at(1801), needsPeers: false)?.event == nil)
  }

  @Test func trackerThatNeverAnsweredIsNotToldStopped() throws {
    let schedule = try schedule([["http://a.example/"], ["http://b.example/"]])
    _ = try answer(schedule, reply(), at: 0, needsPeers: false)
    #expect(schedule.toldStarted == [0])
  }

  @Test func noTrackerMeansNothingToDo() throws {
    let schedule = try schedule([[], []])
    #expect(schedule.nextOrder(now: at(0), needsPeers: true) == nil)
    #expect(schedule.deadline(now: at(0), needsPeers: true) == nil)
  }
}
