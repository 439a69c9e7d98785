import Primitives
import Testing

@testable import Download

/// The times at which the table is searched for each torrent.
@Suite struct DHTScheduleTests {
  private let hungry = DHTNeeds(connectedPeers: 0)
  private let fed = DHTNeeds(connectedPeers: 5)
  private let seed = DHTNeeds(isSeed: true)
  private let knownSeed = DHTNeeds(isSeed: true, hasWorkingTracker: true)

  private func at(_ seconds: Double) -> Instant { .zero + .seconds(1000 + seconds) }

  private func schedule(_ torrents: ClosedRange<UInt8>, hasTrackers: Bool = false) throws
    -> DHTSchedule
  {
    var schedule = DHTSchedule(random: SeededRandom(seed: 1))
    for number in torrents {
      schedule.join(try SessionScene.hash(number), hasTrackers: hasTrackers, now: at(0))
    }
    return schedule
  }

  /// The seconds until `end` at which searches begin, if they take no time.
  private func begins(
    _ schedule: DHTSchedule, until end: Double, isLonely: Bool = false, step: Double = 0.5,
    needs: (InfoHash, Double) -> DHTNeeds?
  ) -> [(second: Double, torrent: InfoHash)] {
    var schedule = schedule
    var begins: [(Double, InfoHash)] = []
    for second in stride(from: 0, through: end, by: step) {
      while let torrent = schedule.nextSearch(now: at(second), needs: { needs($0, second) }) {
        begins.append((second, torrent))
        schedule.ended(
          torrent, needs: needs(torrent, second), isLonely: isLonely, now: at(second))
      }
    }
    return begins
  }

  @Test func withoutTrackersItBeginsAtOnceAndPausesLongerAndLonger() throws {
    let begins = try begins(schedule(1...1), until: 1200) { _, _ in hungry }
    #expect(begins.map(\.second) == [0, 15, 45, 105, 225, 465, 765, 1065])
  }

  @Test func trackersMayTryAloneAtFirst() throws {
    let schedule = try schedule(1...1, hasTrackers: true)
    #expect(begins(schedule, until: 100) { _, _ in fed }.isEmpty)
    #expect(begins(schedule, until: 20) { _, _ in hungry }.map(\.second) == [10])
    // It is asked every ten seconds whether that has changed.
    let late = begins(schedule, until: 50) { _, second in second < 35 ? fed : hungry }
    #expect(late.map(\.second) == [40])
  }

  @Test func aSeedIsAnnouncedUnlessATrackerTellsOfIt() throws {
    let schedule = try schedule(1...1, hasTrackers: true)
    #expect(begins(schedule, until: 2000) { _, _ in knownSeed }.isEmpty)
    #expect(begins(schedule, until: 2000) { _, _ in seed }.map(\.second) == [10, 910, 1810])
  }

  /// A torrent that has begun is still announced when its needs are met, and is hungry anew
  /// afterwards.
  @Test func whoHasBegunStays() throws {
    let begins = try begins(schedule(1...1), until: 1000) { _, second in
      second == 0 || second > 900 ? hungry : fed
    }
    #expect(begins.map(\.second) == [0, 15, 915, 930, 960])
  }

  @Test func aTorrentThatMustNotBeThereIsLeftOut() throws {
    let hidden = try SessionScene.hash(1)
    let begins = try begins(schedule(1...2), until: 100) { torrent, second in
      torrent == hidden && second < 35 ? nil : hungry
    }
    #expect(begins.filter { $0.torrent == hidden }.map(\.second) == [40, 55, 85])
  }

  @Test func fourSearchesRunAtOnceAndTheOthersWaitInTurn() throws {
    var schedule = try schedule(1...10)
    var running: [InfoHash] = []
    while let torrent = schedule.nextSearch(now: at(0), needs: { _ in hungry }) {
      running.append(torrent)
    }
    let first = try (1...4).map { try SessionScene.hash($0) }
    #expect(running == first)
    #expect(schedule.deadline == .distantFuture)
    // Each place that becomes free goes to the one that has waited longest, and to those that are
    // due again only when everybody has had a turn.
    var order = running
    for second in 1...20 {
      let ended = running.removeFirst()
      schedule.ended(ended, needs: hungry, isLonely: false, now: at(Double(second)))
      guard let next = schedule.nextSearch(now: at(Double(second)), needs: { _ in hungry }) else {
        break
      }
      running.append(next)
      order.append(next)
    }
    #expect(Set(order.prefix(10)).count == 10)
  }

  @Test func whoLeavesDuringItsSearchKeepsThePlaceUntilTheEnd() throws {
    var schedule = try schedule(1...5)
    for _ in 0..<4 { _ = schedule.nextSearch(now: at(0)) { _ in hungry } }
    schedule.leave(try SessionScene.hash(2))
    #expect(schedule.nextSearch(now: at(0), needs: { _ in hungry }) == nil)
    schedule.ended(nil, needs: nil, isLonely: false, now: at(1))
    let next = schedule.nextSearch(now: at(1)) { _ in hungry }
    let last = try SessionScene.hash(5)
    #expect(next == last)
    #expect(schedule.nextSearch(now: at(1000), needs: { _ in hungry }) == nil)
  }

  @Test func aTableThatDoesNotAnswerIsAskedAtABoundedRate() throws {
    for count in [UInt8(1), 4, 100] {
      let begins = try begins(schedule(1...count), until: 100, isLonely: true) { _, _ in hungry }
      #expect(begins.count <= 9 * 100)
      #expect(begins.count >= 200)
    }
  }

  @Test func announcesOfManyTorrentsSpreadOut() throws {
    let begins = try begins(schedule(1...100), until: 3600, step: 1) { _, _ in seed }
    for number in UInt8(1)...100 {
      let torrent = try SessionScene.hash(number)
      let times = begins.filter { $0.torrent == torrent }.map(\.second)
      let pauses = zip(times.dropFirst(), times).map { $0 - $1 }
      #expect(pauses.allSatisfy { (660...901).contains($0) })
    }
    let later = Dictionary(grouping: begins.filter { $0.second > 0 }) { Int($0.second) / 10 }
    #expect(later.values.allSatisfy { $0.count < 25 })
  }
}
