import Download
import Metainfo
import Networking
import PeerWire
import Primitives
import Tracker

/// The seeds of the demo, and the order in which they act.
///
/// The liar completes its handshake at once. The other seeds do so once the liar has, and serve
/// once it has delivered a whole piece.
@Reactor
final class DemoCast: AnnouncerDelegate, SeedAudience {
  let torrent: TorrentMetainfo
  let liar: ScriptedSeed
  let honest: [ScriptedSeed]
  let slow: ScriptedSeed
  private let announced = Wakeup()
  private var announcements = 0
  /// Opens once the liar has greeted, and once it has delivered a whole piece.
  private let met = Gate(isOpen: false)
  private let caught = Gate(isOpen: false)
  private var sentByLiar: [PieceIndex: Int] = [:]

  static let slowRate = 64 << 10

  init(
    torrent: TorrentMetainfo, content: [UInt8], environment: Environment
  ) throws(DemoSwarm.Failure) {
    self.torrent = torrent
    let (met, caught) = (met, caught)
    func seed(
      _ number: UInt32, _ behaviour: SeedBehaviour, isLiar: Bool = false
    ) throws(DemoSwarm.Failure) -> ScriptedSeed {
      var random = environment.random
      for _ in 0..<number { _ = random.next() }
      do throws(NetworkError) {
        return try ScriptedSeed(
          torrent: torrent, content: content, behaviour: behaviour,
          at: Endpoint(address: .loopback4, port: 0), network: environment.network,
          clock: environment.clock, random: random,
          greetingGate: isLiar ? Gate(isOpen: true) : met,
          servingGate: isLiar ? Gate(isOpen: true) : caught)
      } catch {
        throw .network(error)
      }
    }
    var slowly = SeedBehaviour()
    slowly.bytesPerSecond = Self.slowRate
    var lying = SeedBehaviour()
    lying.corruption = .everyBlock
    liar = try seed(1, lying, isLiar: true)
    honest = [try seed(2, SeedBehaviour()), try seed(3, SeedBehaviour())]
    slow = try seed(4, slowly)
    liar.audience = self
  }

  func seedGreeted(_ seed: ScriptedSeed) { met.open() }

  func seed(_ seed: ScriptedSeed, served block: Block) {
    sentByLiar[block.piece, default: 0] += block.length
    if sentByLiar[block.piece] == torrent.geometry.length(of: block.piece) { caught.open() }
  }

  var seeds: [ScriptedSeed] { [liar] + honest + [slow] }

  var parts: [(part: String, endpoint: Endpoint)] {
    [("a liar", liar.endpoint)] + honest.map { ("an honest seed", $0.endpoint) }
      + [("a slow seed", slow.endpoint)]
  }

  // MARK: - At the tracker

  /// Creates an announcer for every seed, as real seeds would have.
  func announcers(_ environment: Environment) -> [Announcer] {
    seeds.map { seed in
      let announcer = Announcer(
        tiers: torrent.trackers, infoHash: torrent.infoHash, peerID: seed.peerID,
        port: seed.endpoint.port, http: environment.http, network: environment.network,
        clock: environment.clock,
        random: environment.random)
      announcer.delegate = self
      return announcer
    }
  }

  func waitUntilAnnounced() async {
    await announced.wait()
  }

  var totals: TransferTotals { TransferTotals(uploaded: 0, downloaded: 0, left: 0) }

  var needsPeers: Bool { false }

  func announcer(found peers: [Endpoint], from tracker: String) {}

  func announcer(reports report: TrackerReport) {
    switch report.state {
    case .working: announcements += 1
    case .announcing: return
    // The download reports a tracker failure better than the demo could.
    case .failed: announcements = seeds.count
    }
    if announcements >= seeds.count { announced.fire() }
  }
}
