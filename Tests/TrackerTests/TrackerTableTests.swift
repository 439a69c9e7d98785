import Primitives
import Testing

@testable import Tracker

@Suite final class TrackerTableTests {
  private var random = SeededRandom(seed: 5)
  private var table = TrackerTable(
    lifetime: .seconds(120), maximumTorrents: 3, maximumPeersPerTorrent: 4)

  private func at(_ seconds: Int) -> Instant { .zero + .seconds(seconds) }

  private func announce(
    _ number: UInt8, torrent: UInt8 = 1, left: Int64 = 9, event: AnnounceEvent? = nil,
    wanted: Int = 50, at seconds: Int = 0
  ) -> TrackerTable.Answer? {
    let peerID = PeerID(repeatElement(number, count: 20))
    guard let peerID else { return nil }
    return table.receive(
      TrackerTable.Announce(
        infoHash: Array(repeating: torrent, count: 20),
        peer: Endpoint(address: .v4(0x0102_0300 + UInt32(number)), port: 80), peerID: peerID,
        left: left, event: event, wantedPeers: wanted), now: at(seconds), random: &random)
  }

  @Test func secondPeerSeesTheFirstButNotItself() {
    #expect(announce(1)?.peers.isEmpty == true)
    #expect(announce(2)?.peers.map(\.peerID.bytes.first) == [1])
    #expect(announce(1)?.peers.map(\.peerID.bytes.first) == [2])
  }

  @Test func seedsAreNotShownToSeeds() {
    _ = announce(1, left: 0)
    #expect(announce(2, left: 0)?.peers.isEmpty == true)
    #expect(announce(3)?.peers.count == 2)
  }

  @Test func countsFollowTheEvents() {
    _ = announce(1, left: 0)
    #expect(announce(2)?.counts == .init(seeders: 1, leechers: 1, downloaded: 0))
    #expect(
      announce(2, left: 0, event: .completed)?.counts
        == .init(seeders: 2, leechers: 0, downloaded: 1))
    #expect(announce(1, event: .stopped)?.counts == .init(seeders: 1, leechers: 0, downloaded: 1))
  }

  @Test func silentPeerIsForgotten() {
    _ = announce(1)
    #expect(announce(2, at: 120)?.peers.count == 1)
    #expect(announce(2, at: 121)?.peers.count == 0)
    table.expire(now: at(242))
    #expect(table.torrents.isEmpty)
  }

  @Test func fullTableRefusesNewTorrentsUntilOldOnesExpire() {
    for torrent: UInt8 in 1...3 { _ = announce(1, torrent: torrent) }
    #expect(announce(1, torrent: 4) == nil)
    #expect(announce(2, torrent: 3) != nil)
    #expect(announce(1, torrent: 4, at: 121) != nil)
  }

  @Test func fullSwarmAnswersButDoesNotRemember() {
    for number: UInt8 in 1...4 { _ = announce(number) }
    #expect(announce(5)?.peers.count == 4)
    #expect(announce(6)?.counts.leechers == 4)
  }

  @Test func onlyAsManyPeersAsWantedAreGiven() {
    for number: UInt8 in 1...4 { _ = announce(number) }
    #expect(announce(1, wanted: 2)?.peers.count == 2)
    #expect(announce(1, wanted: -1)?.peers.count == 0)
  }

  @Test func choiceFollowsTheSeed() {
    let other = TrackerTableTests()
    for number: UInt8 in 1...4 {
      _ = announce(number)
      _ = other.announce(number)
    }
    #expect(announce(1, wanted: 2) == other.announce(1, wanted: 2))
  }
}
