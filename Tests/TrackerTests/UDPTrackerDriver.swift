import Primitives
import TestSupport
import Testing

@testable import Tracker

/// A machine behind a reference, and the tracker's half of the talk.
final class UDPTrackerDriver {
  static let tracker = Endpoint(address: .v4(0x0102_0304), port: 6969)
  static let tracker6 = Endpoint(address: .v6(high: 0x2001_0DB8 << 32, low: 1), port: 6969)

  var machine = UDPTrackerMachine(random: SeededRandom(seed: 1))
  private(set) var sent: [(bytes: [UInt8], to: Endpoint)] = []
  private(set) var results: [Result<UDPTrackerMachine.Answer, TrackerError>] = []

  /// Carries out the requests of the machine.
  func work() {
    while let action = machine.nextAction() {
      switch action {
      case .send(let bytes, let endpoint): sent.append((bytes, endpoint))
      case .finished(_, let result): results.append(result)
      }
    }
  }

  @discardableResult
  func ask(
    _ question: UDPTrackerMachine.Question, of tracker: Endpoint = UDPTrackerDriver.tracker,
    at now: Double,
    limit: Double = 100
  ) -> UDPTrackerMachine.QuestionID {
    let id = machine.ask(question, of: tracker, limit: Self.at(limit), now: Self.at(now))
    work()
    return id
  }

  func tick(at now: Double) {
    machine.tick(now: Self.at(now))
    work()
  }

  func receive(_ bytes: [UInt8], from source: Endpoint = UDPTrackerDriver.tracker, at now: Double) {
    machine.receive(bytes, from: source, now: Self.at(now))
    work()
  }

  /// Answers the last request, which must be one to connect.
  func connect(
    _ number: UInt64 = 77, at now: Double, from source: Endpoint = UDPTrackerDriver.tracker
  ) {
    var reply = head(0)
    reply.appendBigEndian(number)
    receive(reply, from: source, at: now)
  }

  /// The head of a reply to the last request.
  func head(_ action: UInt32) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendBigEndian(action)
    return bytes + (sent.last?.bytes[12..<16] ?? [])
  }

  /// A reply to an announce: an interval of 1800, 2 leechers, 3 seeders and these peers.
  func announceReply(_ peers: [Endpoint] = []) -> [UInt8] {
    var reply = head(1)
    for number: UInt32 in [1800, 2, 3] { reply.appendBigEndian(number) }
    return peers.reduce(into: reply) { $0 += $1.compactBytes }
  }

  var lastAction: UInt8? { sent.last.map { $0.bytes[11] } }

  static func at(_ seconds: Double) -> Instant { .zero + .seconds(seconds) }

  // MARK: - Questions

  static func request(_ event: AnnounceEvent? = nil) throws -> AnnounceRequest {
    AnnounceRequest(
      infoHash: try #require(InfoHash((0..<20).map { $0 })),
      peerID: try #require(PeerID((20..<40).map { $0 })), port: 0x1AE1,
      totals: TransferTotals(uploaded: 3, downloaded: 1, left: 2), event: event, key: 0xAABB_CCDD)
  }

  static func announce(
    _ event: AnnounceEvent? = nil, target: String = ""
  ) throws -> UDPTrackerMachine.Question {
    .announce(try Self.request(event), target: Array(target.utf8))
  }
}
