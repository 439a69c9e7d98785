package import Primitives

/// The payload that an exchange has moved.
package struct ExchangeTraffic: Equatable, Sendable {
  /// The payload received, in bytes.
  package var downloaded: Int64 = 0
  /// The payload sent, in bytes.
  package var uploaded: Int64 = 0
  /// The received payload that was of no use, in bytes.
  package var wasted: Int64 = 0
  /// The rate of received payload, in bytes per second.
  package var downloadRate = 0.0
  /// The rate of sent payload, in bytes per second.
  package var uploadRate = 0.0

  /// Creates the traffic of an exchange that has moved nothing.
  package init() {}

  mutating func add(_ dealings: Dealings) {
    downloaded += dealings.downloaded.total
    uploaded += dealings.uploaded.total
    wasted += dealings.wasted
  }
}

extension Exchange {
  /// Returns the traffic so far, and the rates now.
  package func traffic(now: Instant) -> ExchangeTraffic {
    var traffic = past
    for dealings in board.peers.dealings {
      traffic.add(dealings)
      traffic.downloadRate += dealings.downloaded.rate(now: now)
      traffic.uploadRate += dealings.uploaded.rate(now: now)
    }
    return traffic
  }

  /// Returns the payload that a connected source has brought, in bytes.
  package func downloaded(from source: PeerNumber) -> Int64 {
    board.peers.place(of: source).map { board.peers.dealings[$0].downloaded.total } ?? 0
  }

  /// Returns whether a connected peer has every piece or wants nothing more.
  package func countsAsSeed(_ peer: PeerNumber) -> Bool {
    guard let place = board.peers.place(of: peer) else { return false }
    return board.isSeed(peer) || board.peers.dealings[place].isUploadOnly
  }
}
