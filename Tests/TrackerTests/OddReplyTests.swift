import Primitives
import Testing

@testable import Tracker

/// Replies of which a part makes no sense: the rest is used, and the user is told.
@Suite struct OddReplyTests {
  private func parse(_ bytes: [UInt8]) throws(TrackerError) -> AnnounceReply {
    try AnnounceReply(parsing: bytes)
  }

  private func parse(_ text: String) throws(TrackerError) -> AnnounceReply {
    try parse(Array(text.utf8))
  }

  private let peer = [Endpoint("1.2.3.4:80")].compactMap { $0 }
  private let four: [UInt8] = [1, 2, 3, 4, 0, 80]
  private let six: [UInt8] = [0x20, 1, 0xD, 0xB8] + Array(repeating: 0, count: 11) + [1, 0, 80]

  /// A sound reply, in parts.
  private func reply(
    interval: String = "i900e", before: String = "", after: [UInt8] = []
  ) -> [UInt8] {
    Array("\(before)d8:interval\(interval)5:peers6:".utf8) + four + Array("e".utf8) + after
  }

  @Test(arguments: ["", "\0", "\u{1A}", "<br />\n<b>Notice</b>: Undefined index: x in a.php", "e"])
  func whatFollowsTheDictionaryIsPassedOver(rest: String) throws {
    let read = try parse(reply(after: Array(rest.utf8)))
    #expect(read.peers == peer && read.interval == .seconds(900))
    #expect((read.defect == nil) == rest.isEmpty)
  }

  @Test(arguments: ["\u{FEFF}", "\r\n", " \u{FEFF} "])
  func whatStandsBeforeTheDictionaryIsPassedOver(start: String) throws {
    let read = try parse(reply(before: start))
    #expect(read.peers == peer)
    #expect(read.defect?.hasSuffix("before the data: white space or a byte order mark") == true)
  }

  @Test(arguments: [
    ("i99999999999999999999e", Duration?.none), ("i-99999999999999999999e", nil), ("ie", nil),
    ("i1800.0e", nil), ("i0900e", Duration.seconds(900)), ("i-0e", .zero),
  ])
  func anOddIntervalCostsNoPeers(interval: String, expected: Duration?) throws {
    let read = try parse(reply(interval: interval))
    #expect(read.peers == peer && read.interval == expected)
    #expect(read.defect?.contains("in interval") == true)
  }

  @Test func theFirstOfEqualKeysCounts() throws {
    let read = try parse("d8:intervali900e8:intervali5e5:peers0:5:peers3:abce")
    #expect(read.interval == .seconds(900) && read.peers.isEmpty)
    #expect(read.defect?.hasPrefix("the key \"interval\" once more") == true)
  }

  @Test(arguments: ["7:1234567", "i5e", "i99999999999999999999e", "le", "li1ee", "d1:xi1ee", "1:x"])
  func goodPeersCountWhateverTheOtherFamilyHolds(broken: String) throws {
    let first = try parse(Array("d5:peers6:".utf8) + four + Array("6:peers6\(broken)e".utf8))
    #expect(first.peers == peer)
    #expect((first.defect == nil) == (broken == "le"))
    let second = try parse(Array("d5:peers\(broken)6:peers618:".utf8) + six + Array("e".utf8))
    #expect(second.peers.contains(try #require(Endpoint("[2001:db8::1]:80"))))
    #expect((second.defect == nil) == (broken == "le"))
  }

  @Test func theWholeEntriesOfACutListCount() throws {
    let read = try parse(Array("d5:peers9:".utf8) + four + [9, 9, 9] + Array("e".utf8))
    #expect(read.peers == peer && read.defect == "peers of 9 bytes")
  }

  @Test func peersThatPHPHasMadeADictionaryAreRead() throws {
    let entry = "d2:ip7:1.2.3.44:porti80ee"
    #expect(try parse("d5:peersd1:0\(entry)1:2\(entry)ee").peers == peer)
    let none = try parse("d8:intervali5e5:peersdee")
    #expect(none.peers.isEmpty && none.defect == nil)
    #expect(try parse("d5:peersdee").peers.isEmpty)
  }

  @Test func aPortMayBeText() throws {
    #expect(try parse("d5:peersld2:ip7:1.2.3.44:port2:80eee").peers == peer)
    for port in ["2:-1", "5:65536", "0:", "2:8x", "i99999999999999999999e"] {
      let read = try parse("d8:intervali5e5:peersld2:ip7:1.2.3.44:port\(port)eee")
      #expect(read.peers.isEmpty && read.defect == "1 of 1 entries of peers make no sense")
    }
  }

  @Test func oddOptionalFieldsCountAsAbsent() throws {
    let read = try parse(
      "d8:complete3:abc11:external ipi5e10:incompletei-1e8:intervali5e12:min intervalle"
        + "10:tracker idi5e15:warning messagei5ee")
    var expected = AnnounceReply()
    expected.interval = .seconds(5)
    #expect(read == expected)
  }

  @Test func anEmptyFailureBesidePeersIsNone() throws {
    let read = try parse(Array("d14:failure reason0:5:peers6:".utf8) + four + Array("e".utf8))
    #expect(read.peers == peer)
    #expect(throws: TrackerError.refused("")) { try parse("d14:failure reason0:e") }
    #expect(throws: TrackerError.refused("no")) { try parse("d14:failure reason2:no5:peers0:e") }
    #expect(throws: TrackerError.refused("no")) { try parse("d14:failure reason2:noe<html>") }
  }

  @Test(arguments: ["", "\0", "<br />Notice"])
  func aScrapeIsReadAsFarAsItMakesSense(rest: String) throws {
    let hash = String(repeating: "h", count: 20)
    let other = String(repeating: "o", count: 20)
    let text =
      "\u{FEFF}d5:filesd20:\(hash)d8:completei5e10:downloadedi99999999999999999999e10:incomplete1:xe"
      + "20:\(hash)d8:completei9ee20:\(other)i5e3:abcdeee\(rest)"
    let reply = try ScrapeReply(parsing: Array(text.utf8))
    #expect(
      reply.torrents == [
        Array(hash.utf8): ScrapeReply.Counts(seeders: 5, leechers: 0, downloaded: 0)
      ])
  }

  @Test func aScrapeThatKnowsNothingMayBeAnEmptyList() throws {
    #expect(try ScrapeReply(parsing: Array("d5:fileslee".utf8)).torrents.isEmpty)
    #expect(throws: TrackerError.badReply("no files")) {
      try ScrapeReply(parsing: Array("d5:filesli1eee".utf8))
    }
  }

  // MARK: - Names

  private func named(_ hosts: [String], port: Int = 80) -> String {
    "d5:peersl"
      + hosts.map { "d2:ip\($0.utf8.count):\($0)4:porti\(port)ee" }.joined() + "ee"
  }

  @Test func namesAreKeptOnceAndInSmallNumber() throws {
    let hosts = (0..<50).map { "Peer\($0).example" }
    let read = try parse(named(hosts + hosts))
    #expect(read.namedPeers.map(\.host) == (0..<8).map { "peer\($0).example" })
    #expect(read.peers.isEmpty && read.defect == nil)
  }

  @Test(arguments: [
    "", "a b", "a/b", "a\0b", "ü.example", "::g", String(repeating: "a", count: 254),
  ])
  func whatIsNoNameIsLeftOut(host: String) throws {
    let read = try parse(named([host, "good.example"]))
    #expect(read.namedPeers.map(\.host) == ["good.example"])
    #expect(read.defect == "1 of 2 entries of peers make no sense")
  }

  @Test func aPortOfZeroIsNoPeer() throws {
    #expect(try parse(named(["a.example"], port: 0)).namedPeers.isEmpty)
  }

  @Test func bothAnswersNameTheirPeers() throws {
    let first = try parse(named(["a", "b"]))
    let second = try parse(named((0..<9).map { "n\($0)" } + ["b"]))
    let merged = first.merging(second)
    #expect(merged.namedPeers.map(\.host) == ["a", "b"] + (0..<6).map { "n\($0)" })
  }
}
