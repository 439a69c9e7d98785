import Primitives
import TestSupport
import Testing

@testable import Tracker

@Suite final class UDPTrackerResponderTests {
  private var responder = TrackerResponder(
    options: TrackerServerOptions(), random: SeededRandom(seed: 3))
  private let asker = Endpoint(address: .v4(0x0A00_0001), port: 5000)
  private let asker6 = Endpoint(address: .v6(high: 0xFD00 << 48, low: 1), port: 5000)
  private let hash = InfoHash(repeatElement(9, count: 20))

  private func at(_ seconds: Double) -> Instant { .zero + .seconds(seconds) }

  private func connect(from asker: Endpoint, at now: Double = 0) throws -> UInt64 {
    let answer = responder.respond(
      toDatagram: UDPTrackerPacket.connect(transaction: 5), from: asker, now: at(now))
    let reply = try #require(answer)
    #expect(reply.count == 16)
    #expect(reply.prefix(8) == [0, 0, 0, 0, 0, 0, 0, 5])
    return reply.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  private func announce(
    _ peer: UInt8, from asker: Endpoint, connection: UInt64, port: UInt16 = 80, at now: Double = 0
  ) throws -> [UInt8]? {
    let request = AnnounceRequest(
      infoHash: try #require(hash), peerID: try #require(PeerID(repeatElement(peer, count: 20))),
      port: port, totals: TransferTotals(uploaded: 0, downloaded: 0, left: 1), event: .started,
      key: 1)
    return responder.respond(
      toDatagram: UDPTrackerPacket.announce(
        request, target: Array("/announce".utf8), connection: connection, transaction: 6),
      from: asker, now: at(now))
  }

  @Test func sipHashGivesThePublishedValues() {
    let key: (UInt64, UInt64) = (0x0706_0504_0302_0100, 0x0F0E_0D0C_0B0A_0908)
    #expect(SipHash(key: key).hash([]) == 0x726F_DB47_DD0E_0E31)
    #expect(SipHash(key: key).hash(Array(0..<15)) == 0xA129_CA61_49BE_45E5)
  }

  @Test func peersOfTheAskersFamilyAreNamed() throws {
    let (four, six) = (try connect(from: asker), try connect(from: asker6))
    _ = try announce(1, from: asker, connection: four, port: 1001)
    _ = try announce(2, from: asker6, connection: six, port: 1002)
    let reply4 = try #require(try announce(3, from: asker, connection: four, port: 1003))
    let head: [UInt8] = [0, 0, 0, 1, 0, 0, 0, 6, 0, 0, 0, 60, 0, 0, 0, 3, 0, 0, 0, 0]
    let peer: [UInt8] = [10, 0, 0, 1, 3, 233]
    #expect(reply4 == head + peer)
    let reply6 = try #require(try announce(4, from: asker6, connection: six, port: 1004))
    #expect(reply6.count == 20 + 18)
    #expect(reply6.suffix(2) == [3, 234])
  }

  @Test func aConnectionIsGoodForTwoMinutesAndItsAddressOnly() throws {
    let connection = try connect(from: asker, at: 59)
    #expect(try announce(1, from: asker, connection: connection, at: 179) != nil)
    #expect(try announce(1, from: asker, connection: connection, at: 180) == nil)
    #expect(try announce(1, from: asker6, connection: connection, at: 60) == nil)
    let neighbour = Endpoint(address: .v4(0x0A00_0002), port: asker.port)
    #expect(try announce(1, from: neighbour, connection: connection, at: 60) == nil)
    #expect(try announce(1, from: asker, connection: connection &+ 1, at: 60) == nil)
    let otherPort = Endpoint(address: asker.address, port: 5001)
    #expect(try announce(1, from: otherPort, connection: connection, at: 60) != nil)
  }

  @Test func aScrapeCountsPeers() throws {
    let connection = try connect(from: asker)
    _ = try announce(1, from: asker, connection: connection)
    let known = try #require(hash)
    let unknown = try #require(InfoHash(repeatElement(8, count: 20)))
    let reply = responder.respond(
      toDatagram: UDPTrackerPacket.scrape(
        [unknown, known], connection: connection, transaction: 7), from: asker, now: at(0))
    var expected: [UInt8] = [0, 0, 0, 2, 0, 0, 0, 7]
    expected += Array(repeating: 0, count: 12)
    expected += [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    #expect(reply == expected)
  }

  @Test func repliesFitIntoAPacket() throws {
    for asker in [asker, asker6] {
      let connection = try connect(from: asker)
      for number in 0..<300 {
        let other = Endpoint(
          address: asker.address.isIPv6
            ? .v6(high: 0xFD00 << 48, low: UInt64(number + 10)) : .v4(0x0A00_0100 + UInt32(number)),
          port: 80)
        _ = try announce(
          UInt8(number % 250), from: other, connection: try connect(from: other))
      }
      let reply = try #require(try announce(255, from: asker, connection: connection))
      #expect((1000...1400).contains(reply.count))
    }
  }

  @Test func whoIsNotConnectedGetsNoMoreThanHeSent() throws {
    var random = SeededRandom(seed: 4)
    for _ in 0..<2000 {
      let count = Int.random(in: 0...200, using: &random)
      var bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      if Bool.random(using: &random), count >= 16 {
        bytes.replaceSubrange(8..<12, with: [0, 0, 0, UInt8.random(in: 0...4, using: &random)])
      }
      if Bool.random(using: &random), count >= 16 {
        bytes.replaceSubrange(0..<8, with: UDPTrackerPacket.connect(transaction: 0).prefix(8))
      }
      let reply = responder.respond(toDatagram: bytes, from: asker, now: at(1))
      #expect((reply?.count ?? 0) <= bytes.count)
    }
    #expect(responder.table.torrents.isEmpty)
  }

  @Test func whatIsCutShortIsRefused() throws {
    let connection = try connect(from: asker)
    var whole = UDPTrackerPacket.announce(
      AnnounceRequest(
        infoHash: try #require(hash), peerID: try #require(PeerID(repeatElement(1, count: 20))),
        port: 80, totals: TransferTotals(uploaded: 0, downloaded: 0, left: 1), key: 1),
      target: [], connection: connection, transaction: 6)
    while !whole.isEmpty {
      whole.removeLast()
      let reply = responder.respond(toDatagram: whole, from: asker, now: at(0))
      #expect(reply.map { $0[3] } == (whole.count < 16 ? nil : 3))
    }
    #expect(responder.table.torrents.isEmpty)
  }
}
