import Primitives
import TestSupport
import Testing

@testable import Tracker

@Suite struct UDPTrackerMachineTests {
  // MARK: - Requests

  @Test func aConnectionIsAskedForFirst() throws {
    let driver = UDPTrackerDriver()
    driver.ask(try UDPTrackerDriver.announce(), at: 0)
    #expect(driver.sent.count == 1)
    let bytes = try #require(driver.sent.first).bytes
    #expect(bytes.prefix(12) == [0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80, 0, 0, 0, 0])
    #expect(bytes.count == 16)
  }

  @Test func theAnnounceHasEveryFieldInItsPlace() throws {
    let driver = UDPTrackerDriver()
    driver.ask(try UDPTrackerDriver.announce(.started), at: 0)
    driver.connect(0x0102_0304_0506_0708, at: 1)
    let bytes = try #require(driver.sent.last).bytes
    #expect(bytes.count == 98)
    #expect(bytes[0..<12] == [1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 1])
    #expect(bytes[16..<56] == Array(0..<40)[...])
    let totals: [UInt8] = [1, 2, 3].flatMap { Array(repeating: 0, count: 7) + [$0] }
    #expect(Array(bytes[56..<80]) == totals)
    #expect(bytes[80..<88] == [0, 0, 0, 2, 0, 0, 0, 0])
    #expect(bytes[88..<98] == [0xAA, 0xBB, 0xCC, 0xDD, 0, 0, 0, 200, 0x1A, 0xE1])
  }

  @Test(arguments: ["", "completed", "started", "stopped"])
  func eventsHaveTheirNumbers(name: String) throws {
    let event = AnnounceEvent(rawValue: name)
    let number = UInt8(["", "completed", "started", "stopped"].firstIndex(of: name) ?? 9)
    let driver = UDPTrackerDriver()
    driver.ask(try UDPTrackerDriver.announce(event), at: 0)
    driver.connect(at: 0)
    let bytes = try #require(driver.sent.last).bytes
    #expect(bytes[83] == number)
    #expect(bytes[92..<96] == (event == .stopped ? [0, 0, 0, 0] : [0, 0, 0, 200]))
  }

  @Test func pathAndQueryGoAlongInPiecesOf255() throws {
    let driver = UDPTrackerDriver()
    let target = "/announce?" + String(repeating: "k", count: 290)
    driver.ask(try UDPTrackerDriver.announce(target: target), at: 0)
    driver.connect(at: 0)
    let options = try #require(driver.sent.last).bytes.dropFirst(98)
    let text = Array(target.utf8)
    var expected: [UInt8] = [2, 255] + text[..<255]
    expected += [2, 45] + text[255...] + [0]
    #expect(Array(options) == expected)
  }

  @Test func anEndlessPathIsCut() throws {
    let driver = UDPTrackerDriver()
    driver.ask(
      try UDPTrackerDriver.announce(target: "/" + String(repeating: "k", count: 2000)), at: 0)
    driver.connect(at: 0)
    #expect(try #require(driver.sent.last).bytes.count == 98 + 1000 + 4 * 2 + 1)
  }

  @Test func aScrapeNamesItsTorrents() throws {
    let driver = UDPTrackerDriver()
    let hashes = (0..<80).compactMap { InfoHash(repeatElement(UInt8($0), count: 20)) }
    driver.ask(.scrape(hashes), at: 0)
    driver.connect(at: 0)
    let bytes = try #require(driver.sent.last).bytes
    #expect(bytes[11] == 2)
    #expect(bytes.count == 16 + 74 * 20)
    #expect(bytes.suffix(20).allSatisfy { $0 == 73 })
  }

  // MARK: - Answers

  @Test func anAnnounceIsAnswered() throws {
    let driver = UDPTrackerDriver()
    let peers = [Endpoint("1.2.3.4:80"), Endpoint("5.6.7.8:81")].compactMap { $0 }
    driver.ask(try UDPTrackerDriver.announce(), at: 0)
    driver.connect(at: 1)
    driver.receive(driver.announceReply(peers), at: 2)
    guard case .success(.announce(let reply)) = try #require(driver.results.first) else {
      return #expect(Bool(false), "\(driver.results)")
    }
    #expect(reply.peers == peers)
    #expect(reply.interval == .seconds(1800))
    #expect(reply.leechers == 2 && reply.seeders == 3)
    #expect(driver.machine.deadline == nil)
  }

  @Test func peersOfIPv6HaveEighteenBytes() throws {
    let driver = UDPTrackerDriver()
    let peers = [Endpoint("[2001:db8::1]:80"), Endpoint("[2001:db8::2]:81")].compactMap { $0 }
    driver.ask(try UDPTrackerDriver.announce(), of: UDPTrackerDriver.tracker6, at: 0)
    driver.connect(at: 1, from: UDPTrackerDriver.tracker6)
    driver.receive(driver.announceReply(peers), from: UDPTrackerDriver.tracker6, at: 2)
    guard case .success(.announce(let reply)) = try #require(driver.results.first) else {
      return #expect(Bool(false), "\(driver.results)")
    }
    #expect(reply.peers == peers)
  }

  @Test func aScrapeIsAnsweredAsFarAsItGoes() throws {
    let driver = UDPTrackerDriver()
    let hashes = (1...3).compactMap { InfoHash(repeatElement(UInt8($0), count: 20)) }
    driver.ask(.scrape(hashes), at: 0)
    driver.connect(at: 0)
    var reply = driver.head(2)
    for number: UInt32 in [1, 2, 3, 4, 5, 6, 7] { reply.appendBigEndian(number) }
    driver.receive(reply, at: 1)
    guard case .success(.scrape(let scrape)) = try #require(driver.results.first) else {
      return #expect(Bool(false), "\(driver.results)")
    }
    #expect(scrape.torrents.count == 2)
    #expect(scrape.torrents[hashes[0].bytes] == .init(seeders: 1, leechers: 3, downloaded: 2))
    #expect(scrape.torrents[hashes[1].bytes] == .init(seeders: 4, leechers: 6, downloaded: 5))
  }

  @Test func aRefusalIsTextFitToBeShown() throws {
    let driver = UDPTrackerDriver()
    driver.ask(try UDPTrackerDriver.announce(), at: 0)
    driver.connect(at: 0)
    driver.receive(driver.head(3) + Array("no\u{7}thing".utf8), at: 0)
    #expect(driver.results == [.failure(.refused("no\u{FFFD}thing"))])
  }

  @Test func oneConnectionServesForAMinute() throws {
    let driver = UDPTrackerDriver()
    driver.ask(try UDPTrackerDriver.announce(), at: 0)
    driver.connect(at: 1)
    driver.receive(driver.announceReply(), at: 2)
    driver.ask(try UDPTrackerDriver.announce(), at: 60)
    #expect(driver.lastAction == 1)
    driver.receive(driver.announceReply(), at: 60)
    driver.ask(try UDPTrackerDriver.announce(), at: 61)
    #expect(driver.lastAction == 0)
  }

  @Test func questionsThatWaitTogetherShareOneConnection() throws {
    let driver = UDPTrackerDriver()
    driver.ask(try UDPTrackerDriver.announce(), at: 0)
    driver.ask(.scrape([try UDPTrackerDriver.request().infoHash]), at: 0)
    driver.connect(at: 1)
    #expect(driver.sent.suffix(2).map { $0.bytes[11] } == [1, 2])
  }

  // MARK: - Time

  @Test func whatStaysUnansweredIsSentAgain() throws {
    let driver = UDPTrackerDriver()
    driver.ask(try UDPTrackerDriver.announce(), at: 0, limit: 1000)
    var times: [Double] = [0]
    while driver.results.isEmpty, let deadline = driver.machine.deadline {
      let now = (deadline - .zero).inSeconds
      driver.tick(at: now)
      if driver.results.isEmpty { times.append(now) }
    }
    #expect(times == [0, 3, 9, 21, 36, 66, 126, 246, 486, 966])
    #expect(driver.results == [.failure(.unreachable("it did not answer in time"))])
    #expect(Set(driver.sent.map { Array($0.bytes[12..<16]) }).count == times.count)
  }

  @Test func anAnnounceIsSentAgainOverTheSameConnection() throws {
    let driver = UDPTrackerDriver()
    driver.ask(try UDPTrackerDriver.announce(), at: 0)
    driver.connect(at: 2)
    driver.tick(at: 5)
    #expect(driver.sent.map { $0.bytes[11] } == [0, 1, 1])
    driver.receive(driver.announceReply(), at: 6)
    #expect(driver.results.count == 1)
  }

  @Test func aConnectionThatExpiresMeanwhileIsMadeAnew() throws {
    let driver = UDPTrackerDriver()
    driver.ask(try UDPTrackerDriver.announce(), at: 0, limit: 1000)
    driver.connect(at: 0)
    for now in [3.0, 9, 21, 36, 66] { driver.tick(at: now) }
    #expect(driver.sent.map { $0.bytes[11] } == [0, 1, 1, 1, 1, 1, 0])
  }

  @Test func aTrackerThatForgotTheConnectionIsAskedForANewOne() throws {
    for error in [true, false] {
      let driver = UDPTrackerDriver()
      driver.ask(try UDPTrackerDriver.announce(), at: 0)
      driver.connect(at: 0)
      driver.receive(driver.announceReply(), at: 0)
      driver.ask(try UDPTrackerDriver.announce(), at: 10)
      if error { driver.receive(driver.head(3) + "no".utf8, at: 10) } else { driver.tick(at: 13) }
      #expect(driver.lastAction == 0)
      driver.connect(78, at: 14)
      #expect(driver.sent.last?.bytes[7] == 78)
      driver.receive(driver.announceReply(), at: 14)
      #expect(driver.results.count == 2)
    }
  }

  @Test func aCancelledQuestionIsForgotten() throws {
    let driver = UDPTrackerDriver()
    let id = driver.ask(try UDPTrackerDriver.announce(), at: 0)
    driver.machine.cancel(id)
    #expect(driver.machine.deadline == nil)
    driver.connect(at: 1)
    #expect(driver.sent.count == 1 && driver.results.isEmpty)
  }

  @Test func whatCannotBeSentFailsAtOnce() throws {
    let driver = UDPTrackerDriver()
    driver.ask(try UDPTrackerDriver.announce(), at: 0)
    driver.ask(try UDPTrackerDriver.announce(), of: UDPTrackerDriver.tracker6, at: 0)
    driver.machine.sendFailed(to: UDPTrackerDriver.tracker6, reason: "no way")
    driver.work()
    #expect(driver.results == [.failure(.unreachable("no way"))])
    #expect(driver.machine.deadline == UDPTrackerDriver.at(3))
  }
}
