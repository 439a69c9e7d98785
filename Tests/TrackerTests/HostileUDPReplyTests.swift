import Primitives
import TestSupport
import Testing

@testable import Tracker

/// Strangers and liars among the hosts that answer.
@Suite struct HostileUDPReplyTests {
  @Test func aWrongTransactionIsIgnored() throws {
    let driver = UDPTrackerDriver()
    driver.ask(try UDPTrackerDriver.announce(), at: 0)
    var reply: [UInt8] = []
    for number: UInt32 in [0, 1, 2, 3] { reply.appendBigEndian(number) }
    driver.receive(reply, at: 1)
    #expect(driver.sent.count == 1 && driver.results.isEmpty)
  }

  @Test func aWrongSourceIsIgnored() throws {
    let driver = UDPTrackerDriver()
    driver.ask(try UDPTrackerDriver.announce(), at: 0)
    for source in [
      Endpoint(address: UDPTrackerDriver.tracker.address, port: 6970),
      Endpoint(address: .v4(0x0102_0305), port: 6969),
    ] {
      driver.connect(at: 1, from: source)
    }
    #expect(driver.sent.count == 1 && driver.results.isEmpty)
  }

  @Test func aLateAnswerToAnEarlierTryIsIgnored() throws {
    let driver = UDPTrackerDriver()
    driver.ask(try UDPTrackerDriver.announce(), at: 0)
    var late = driver.head(0)
    late.appendBigEndian(UInt64(5))
    driver.tick(at: 3)
    driver.receive(late, at: 4)
    #expect(driver.sent.count == 2)
    driver.connect(at: 5)
    #expect(driver.lastAction == 1)
  }

  @Test func aTruncatedReplyIsRefusedAtEveryLength() throws {
    for length in 0..<20 {
      let driver = UDPTrackerDriver()
      driver.ask(try UDPTrackerDriver.announce(), at: 0)
      driver.connect(at: 0)
      driver.receive(Array(driver.announceReply().prefix(length)), at: 1)
      let expected: [Result<UDPTrackerMachine.Answer, TrackerError>] =
        length < 8 ? [] : [.failure(.badReply("an announce of \(length) bytes"))]
      #expect(driver.results == expected)
    }
  }

  @Test func aTruncatedConnectionIsRefused() throws {
    let driver = UDPTrackerDriver()
    driver.ask(try UDPTrackerDriver.announce(), at: 0)
    driver.receive(driver.head(0) + [1, 2, 3, 4, 5, 6, 7], at: 1)
    #expect(driver.results == [.failure(.badReply("a connection id that is cut short"))])
  }

  @Test func whatFollowsTheLastWholePeerIsIgnored() throws {
    let driver = UDPTrackerDriver()
    driver.ask(try UDPTrackerDriver.announce(), at: 0)
    driver.connect(at: 0)
    let peer = try #require(Endpoint("1.2.3.4:80"))
    driver.receive(driver.announceReply([peer]) + [1, 2, 3, 4, 5], at: 1)
    guard case .success(.announce(let reply)) = try #require(driver.results.first) else {
      return #expect(Bool(false), "\(driver.results)")
    }
    #expect(reply.peers == [peer])
  }

  @Test func aConnectionAndAScrapeMayBeLongerThanNeeded() throws {
    let driver = UDPTrackerDriver()
    let hash = try #require(InfoHash(repeatElement(7, count: 20)))
    driver.ask(.scrape([hash]), at: 0)
    var connection = driver.head(0)
    connection.appendBigEndian(UInt64(5))
    driver.receive(connection + [9, 9, 9], at: 1)
    var reply = driver.head(2)
    for number: UInt32 in [1, 2, 3, 4] { reply.appendBigEndian(number) }
    driver.receive(reply + [9], at: 2)
    var expected = ScrapeReply()
    expected.torrents[hash.wireBytes] = ScrapeReply.Counts(seeders: 1, leechers: 3, downloaded: 2)
    #expect(driver.results == [.success(.scrape(expected))])
  }

  @Test func anOverlongReplyGivesABoundedNumberOfPeers() throws {
    let driver = UDPTrackerDriver()
    driver.ask(try UDPTrackerDriver.announce(), at: 0)
    driver.connect(at: 0)
    let peers = (0..<10_000).map { Endpoint(address: .v4(0x0100_0000 + UInt32($0)), port: 80) }
    driver.receive(driver.announceReply(peers), at: 1)
    guard case .success(.announce(let reply)) = try #require(driver.results.first) else {
      return #expect(Bool(false), "\(driver.results)")
    }
    #expect(reply.peers.count == AnnounceReply.maximumPeers)
  }

  @Test func hugeNumbersCountAsAbsent() throws {
    let driver = UDPTrackerDriver()
    driver.ask(try UDPTrackerDriver.announce(), at: 0)
    driver.connect(at: 0)
    driver.receive(driver.head(1) + Array(repeating: 0xFF, count: 12), at: 1)
    #expect(driver.results == [.success(.announce(AnnounceReply()))])
  }

  @Test(arguments: [UInt32(0), 2, 4, .max])
  func anAnswerToAnotherQuestionIsRefused(action: UInt32) throws {
    let driver = UDPTrackerDriver()
    driver.ask(try UDPTrackerDriver.announce(), at: 0)
    driver.connect(at: 0)
    driver.receive(driver.head(action) + Array(repeating: 0, count: 12), at: 1)
    #expect(driver.results == [.failure(.badReply("action \(action)"))])
  }

  @Test func randomBytesNeverDoHarm() throws {
    var random = SeededRandom(seed: 11)
    for _ in 0..<2000 {
      let driver = UDPTrackerDriver()
      driver.ask(try UDPTrackerDriver.announce(), at: 0)
      if Bool.random(using: &random) { driver.connect(at: 0) }
      var reply = driver.head(UInt32.random(in: 0...4, using: &random))
      let count = Int.random(in: 0...64, using: &random)
      reply += (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      driver.receive(reply, at: 1)
      #expect(driver.results.count <= 1)
    }
  }

  @Test func thereIsABoundOnQuestions() throws {
    let driver = UDPTrackerDriver()
    for _ in 0..<UDPTrackerMachine.maximumQuestions {
      driver.ask(try UDPTrackerDriver.announce(), at: 0)
    }
    #expect(driver.results.isEmpty)
    driver.ask(try UDPTrackerDriver.announce(), at: 0)
    #expect(driver.results == [.failure(.unreachable("too many requests at once"))])
  }
}
