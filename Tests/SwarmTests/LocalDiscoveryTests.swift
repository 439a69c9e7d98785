import Primitives
import Swarm
import TestSupport
import Testing

@Suite struct LocalDiscoveryTests {
  private static let hash = "0123456789abcdef0123456789abcdef01234567"
  private let source = Endpoint(address: .v4(0x0A00_0001), port: 6771)

  private func at(_ seconds: Double) -> Instant { .zero + .seconds(1000 + seconds) }

  private func infoHash(_ text: String = hash) throws -> InfoHash {
    try #require(InfoHash(hex: text))
  }

  private func machine(_ count: Int = 1, seed: UInt64 = 1) throws -> LocalDiscoveryMachine {
    var random = SeededRandom(seed: seed)
    let others = try (1..<max(count, 1)).map {
      try #require(InfoHash(repeatElement(UInt8($0), count: 20)))
    }
    return LocalDiscoveryMachine(
      infoHashes: [try infoHash()] + others, port: 6881, random: &random)
  }

  // MARK: - The text

  @Test func theTextIsThatOfTheSpecification() throws {
    let announcement = LocalAnnouncement(
      host: "239.192.152.143:6771", port: 6881, infoHashes: [try infoHash()], cookie: "abc")
    #expect(
      String(decoding: announcement.text, as: UTF8.self) == """
        BT-SEARCH * HTTP/1.1\r
        Host: 239.192.152.143:6771\r
        Port: 6881\r
        Infohash: 0123456789abcdef0123456789abcdef01234567\r
        cookie: abc\r
        \r
        \r\n
        """)
    #expect(LocalAnnouncement(parsing: announcement.text) == announcement)
  }

  @Test func asManyTorrentsAsFitAreNamed() throws {
    let hashes = try (0..<100).map { try #require(InfoHash(repeatElement(UInt8($0), count: 20))) }
    let text = LocalAnnouncement(
      host: "[ff15::efc0:988f]:6771", port: 65535, infoHashes: hashes, cookie: "0123456789abcdef"
    ).text
    #expect((1340...1400).contains(text.count))
    let parsed = try #require(LocalAnnouncement(parsing: text))
    #expect(parsed.infoHashes == Array(hashes.prefix(parsed.infoHashes.count)))
    #expect(parsed.cookie == "0123456789abcdef")
  }

  @Test func strangeFieldsAndCasesAreTolerated() throws {
    let text = """
      BT-SEARCH * HTTP/1.1\r
      HOST:239.192.152.143:6771\r
      X-Later: something: else\r
      no colon here\r
      port:  6882  \r
      INFOHASH: \(Self.hash.uppercased())\r
      infohash: \(Self.hash)\r
      Infohash: abc\r
      \r\n
      """
    let parsed = try #require(LocalAnnouncement(parsing: Array(text.utf8)))
    #expect(parsed.port == 6882)
    #expect(parsed.infoHashes == [try infoHash()])
    #expect(parsed.cookie == nil)
  }

  @Test(arguments: [
    "", "GET / HTTP/1.1\r\nPort: 1\r\nInfohash: \(hash)\r\n\r\n",
    "BT-SEARCH * HTTP/1.1\r\nInfohash: \(hash)\r\n\r\n",
    "BT-SEARCH * HTTP/1.1\r\nPort: 0\r\nInfohash: \(hash)\r\n\r\n",
    "BT-SEARCH * HTTP/1.1\r\nPort: 65536\r\nInfohash: \(hash)\r\n\r\n",
    "BT-SEARCH * HTTP/1.1\r\nPort: -1\r\nInfohash: \(hash)\r\n\r\n",
    "BT-SEARCH * HTTP/1.1\r\nPort: 1\r\n\r\n",
    "BT-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash: 0123\r\n\r\n",
    "BT-SEARCH * HTTP/1.1\r\nPort: 1\r\n\r\nInfohash: \(hash)\r\n",
    "BT-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash: \(hash)\r\n"
      + String(repeating: "x", count: 1400),
  ])
  func whatIsNoAnnouncementIsRefused(text: String) {
    #expect(LocalAnnouncement(parsing: Array(text.utf8)) == nil)
  }

  @Test func mutationsNeverDoHarm() throws {
    var random = SeededRandom(seed: 2)
    let text = LocalAnnouncement(
      host: "h", port: 6881, infoHashes: [try infoHash()], cookie: "c"
    ).text
    for length in text.indices {
      // The text that remains after a cut is read as it stands.
      let parsed = LocalAnnouncement(parsing: Array(text[..<length]))
      #expect(parsed == nil || parsed?.infoHashes.count == 1)
    }
    for _ in 0..<3000 {
      var bytes = text
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
      if let parsed = LocalAnnouncement(parsing: bytes) { #expect(parsed.port != 0) }
    }
  }

  // MARK: - The machine

  @Test func announcementsFollowTheirTimes() throws {
    var machine = try machine()
    var times: [Double] = []
    for second in stride(from: 0.0, through: 1000, by: 1) {
      let texts = machine.announcements(to: ["a", "b"], now: at(second))
      if !texts.isEmpty {
        #expect(texts.count == 2)
        times.append(second)
      }
    }
    #expect(times == [0, 60, 360, 660, 960])
    #expect(machine.deadline == at(1260))
  }

  @Test func torrentsThatComeLaterJoinTheNextAnnouncement() throws {
    var machine = try machine()
    #expect(!machine.announcements(to: ["h"], now: at(0)).isEmpty)
    let other = try #require(InfoHash(repeatElement(9, count: 20)))
    machine.add(other)
    #expect(machine.deadline == at(60))
    let texts = machine.announcements(to: ["h"], now: at(60))
    let announcement = LocalAnnouncement(parsing: try #require(texts.first))
    #expect(announcement?.infoHashes == [other, try infoHash()])
    machine.remove(other)
    machine.remove(try infoHash())
    #expect(machine.isEmpty)
    #expect(machine.deadline == .distantFuture)
  }

  /// There is never more than one announcement a minute, and yet every torrent has a turn.
  @Test func moreTorrentsThanFitTakeTurns() throws {
    var machine = try machine(100)
    var counts: [InfoHash: [Double]] = [:]
    var times: [Double] = []
    for second in stride(from: 0.0, through: 1200, by: 1) {
      for text in machine.announcements(to: ["239.192.152.143:6771"], now: at(second)) {
        times.append(second)
        for infoHash in try #require(LocalAnnouncement(parsing: text)).infoHashes {
          counts[infoHash, default: []].append(second)
        }
      }
    }
    #expect(zip(times.dropFirst(), times).allSatisfy { $0 - $1 >= 60 })
    #expect(counts.count == 100)
    for turns in counts.values {
      #expect(turns[0] <= 240)
      #expect(zip(turns.dropFirst(), turns).allSatisfy { $0 - $1 <= 540 })
      #expect(turns.count >= 3)
    }
  }

  @Test func aPeerOfOurTorrentIsFound() throws {
    var one = try machine(seed: 1)
    var two = try machine(3, seed: 2)
    let texts = one.announcements(to: ["h"], now: at(0))
    let answer = two.receive(try #require(texts.first), from: source, now: at(0))
    let heard = try #require(answer)
    #expect(heard.peer == Endpoint(address: source.address, port: 6881))
    #expect(heard.infoHashes == [try infoHash()])
  }

  @Test func weDoNotFindOurselves() throws {
    var one = try machine()
    let texts = one.announcements(to: ["h"], now: at(0))
    let heard = one.receive(try #require(texts.first), from: source, now: at(0))
    #expect(heard == nil)
  }

  @Test func otherTorrentsAndImpossiblePeersAreIgnored() throws {
    var machine = try machine()
    let other = LocalAnnouncement(
      host: "h", port: 1, infoHashes: [try #require(InfoHash(repeatElement(9, count: 20)))],
      cookie: nil)
    var heard = machine.receive(other.text, from: source, now: at(0))
    #expect(heard == nil)
    let ours = LocalAnnouncement(host: "h", port: 1, infoHashes: [try infoHash()], cookie: nil)
    let nowhere = Endpoint(address: .any4, port: 6771)
    heard = machine.receive(ours.text, from: nowhere, now: at(0))
    #expect(heard == nil)
  }

  @Test func aFloodIsHeardInPartOnly() throws {
    var machine = try machine()
    let text = LocalAnnouncement(host: "h", port: 1, infoHashes: [try infoHash()], cookie: nil).text
    let heard = (0..<1000).count { _ in machine.receive(text, from: source, now: at(0)) != nil }
    #expect(heard == LocalDiscoveryMachine.maximumPerSecond)
    let later = machine.receive(text, from: source, now: at(1))
    #expect(later != nil)
  }
}
