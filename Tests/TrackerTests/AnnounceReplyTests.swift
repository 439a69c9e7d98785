import Primitives
import Testing

@testable import Tracker

@Suite struct AnnounceReplyTests {
  private func parse(_ text: String) throws(TrackerError) -> AnnounceReply {
    try AnnounceReply(parsing: Array(text.utf8))
  }

  private func endpoints(_ texts: String...) -> [Endpoint] { texts.compactMap(Endpoint.init) }

  @Test func compactPeersAreRead() throws {
    let bytes =
      Array("d8:intervali900e12:min intervali60e5:peers12:".utf8) + [1, 2, 3, 4, 0x1A, 0xE1]
      + [5, 6, 7, 8, 0, 80] + Array("10:tracker id3:abc8:completei3e10:incompletei4ee".utf8)
    let reply = try AnnounceReply(parsing: bytes)
    #expect(reply.peers == endpoints("1.2.3.4:6881", "5.6.7.8:80"))
    #expect(reply.interval == .seconds(900))
    #expect(reply.minimumInterval == .seconds(60))
    #expect(reply.trackerID == Array("abc".utf8))
    #expect(reply.seeders == 3 && reply.leechers == 4)
  }

  @Test func peersOfIPv6AreRead() throws {
    var bytes = Array("d5:peers0:6:peers618:".utf8)
    bytes += [0x20, 1, 0xD, 0xB8] + Array(repeating: 0, count: 11) + [1, 0, 80, 0x65]
    #expect(try AnnounceReply(parsing: bytes).peers == endpoints("[2001:db8::1]:80"))
  }

  @Test func dictionaryPeersAreReadAndNamesKeptApart() throws {
    let reply = try parse(
      "d5:peersld2:ip7:1.2.3.44:porti80eed2:ip9:host.name4:porti80eed2:ip3:::14:porti99ee"
        + "d2:ip7:1.2.3.54:porti65536eed2:ip7:1.2.3.54:porti-1eei7e1:xee")
    #expect(reply.peers == endpoints("1.2.3.4:80", "[::1]:99"))
    #expect(reply.namedPeers.map(\.host) == ["host.name"])
    #expect(reply.namedPeers.map(\.port) == [80])
    #expect(reply.defect == "4 of 7 entries of peers make no sense")
  }

  @Test func impossiblePeersAndDuplicatesAreLeftOut() throws {
    let bytes =
      Array("d5:peers30:".utf8) + [1, 2, 3, 4, 0, 0] + [0, 0, 0, 0, 0, 80] + [224, 0, 0, 1, 0, 80]
      + [1, 2, 3, 4, 0, 80] + [1, 2, 3, 4, 0, 80] + Array("e".utf8)
    #expect(try AnnounceReply(parsing: bytes).peers == endpoints("1.2.3.4:80"))
  }

  @Test func unsortedKeysAreTolerated() throws {
    #expect(try parse("d5:peers0:8:intervali5ee").interval == .seconds(5))
  }

  @Test func failureReasonIsAnErrorOfBoundedPrintableText() {
    let reason = "no\u{1B}[31m" + String(repeating: "x", count: 900)
    let error = #expect(throws: TrackerError.self) {
      try parse("d14:failure reason\(reason.utf8.count):\(reason)e")
    }
    guard case .refused(let words) = error else { return #expect(Bool(false)) }
    #expect(words.hasPrefix("no\u{FFFD}[31mxx"))
    #expect(words.count == 200)
  }

  @Test func ourOwnAddressIsTaken() throws {
    let bytes = Array("d8:intervali5e11:external ip4:".utf8) + [1, 2, 3, 4] + Array("e".utf8)
    #expect(try AnnounceReply(parsing: bytes).externalAddress == .v4(0x0102_0304))
    #expect(try parse("d8:intervali5e11:external ip3:abce").externalAddress == nil)
    #expect(try parse("d8:intervali5e11:external ip4:\0\0\0\0e").externalAddress == nil)
  }

  @Test func warningIsKept() throws {
    #expect(try parse("d8:intervali5e15:warning message4:slowe").warning == "slow")
  }

  @Test(arguments: [
    "", "d", "i1e", "le", "de", "d5:peers5:12345e", "d6:peers67:1234567e", "<html>",
    "d5:peersli1eee",
    "<html>d8:intervali5ee", "d5:peersi1eex", "d8:intervali99999999999999999999ee",
  ])
  func nonsenseIsRefused(text: String) {
    #expect(throws: TrackerError.self) { try parse(text) }
  }

  @Test func negativeNumbersCountAsAbsent() throws {
    let reply = try parse(
      "d8:completei-1e8:intervali-5e12:min intervali-9223372036854775808e5:peers0:e")
    #expect(reply.interval == nil && reply.minimumInterval == nil && reply.seeders == nil)
  }

  @Test func hugeIntervalIsCut() throws {
    #expect(try parse("d8:intervali9223372036854775807ee").interval == .seconds(86_400))
  }

  @Test func megabyteOfGarbageIsRefused() {
    var random = SeededRandom(seed: 7)
    for first in ["d", "l", "i", "9", ""] {
      let garbage = (0..<1 << 20).map { _ in UInt8.random(in: 0...255, using: &random) }
      #expect(throws: TrackerError.self) {
        try AnnounceReply(parsing: Array(first.utf8) + garbage)
      }
    }
  }

  @Test func deepNestingIsRefused() {
    #expect(throws: TrackerError.self) {
      try parse("d5:peers" + String(repeating: "l", count: 500_000))
    }
  }

  @Test func numberOfPeersIsBounded() throws {
    var bytes = Array("d5:peers60000:".utf8)
    for number in 0..<10_000 { bytes += [1, 2, UInt8(number >> 8), UInt8(number & 255), 0, 80] }
    let reply = try AnnounceReply(parsing: bytes + Array("e".utf8))
    #expect(reply.peers.count == AnnounceReply.maximumPeers)
  }

  @Test func scrapeReplyIsRead() throws {
    let hash = String(repeating: "h", count: 20)
    let reply = try ScrapeReply(
      parsing: Array(
        "d5:filesd20:\(hash)d8:completei5e10:downloadedi50e10:incompletei10eeee".utf8))
    #expect(
      reply.torrents == [
        Array(hash.utf8): ScrapeReply.Counts(seeders: 5, leechers: 10, downloaded: 50)
      ])
  }
}

@Suite struct AnnounceReplyMergingTests {
  @Test func bothAnswersAreOne() throws {
    var first = AnnounceReply()
    first.peers = ["1.2.3.4:1", "1.2.3.4:2"].compactMap(Endpoint.init)
    first.interval = .seconds(60)
    first.seeders = 2
    var second = AnnounceReply()
    second.peers = ["1.2.3.4:2", "[2001:db8::1]:3"].compactMap(Endpoint.init)
    second.interval = .seconds(90)
    second.minimumInterval = .seconds(30)
    second.seeders = 1
    second.leechers = 4
    second.warning = "w"
    let merged = first.merging(second)
    #expect(
      merged.peers == ["1.2.3.4:1", "1.2.3.4:2", "[2001:db8::1]:3"].compactMap(Endpoint.init))
    #expect(merged.interval == .seconds(90) && merged.minimumInterval == .seconds(30))
    #expect(merged.seeders == 2 && merged.leechers == 4 && merged.warning == "w")
  }

  @Test func theNumberOfPeersStaysBounded() {
    var first = AnnounceReply()
    first.peers = (0..<2999).map { Endpoint(address: .v4(0x0100_0000 + $0), port: 1) }
    var second = AnnounceReply()
    second.peers = (0..<10).map { Endpoint(address: .v4(0x0200_0000 + $0), port: 1) }
    #expect(first.merging(second).peers.count == AnnounceReply.maximumPeers)
  }
}
