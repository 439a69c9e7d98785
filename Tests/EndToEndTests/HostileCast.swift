import Demo
import Download
import Metainfo
import Networking
import Primitives

/// Scripted peers inside the test's process, on real sockets, that do a downloader no good.
@Reactor
final class HostileCast {
  /// It sends nothing but wrong blocks.
  let liar: ScriptedSeed
  /// Every other of its blocks is wrong, so it hides behind those who finish its pieces.
  let halfLiar: ScriptedSeed
  /// It falls silent in the middle of a piece and keeps the connection.
  let staller: ScriptedSeed
  /// It hangs up in the middle of a piece, every time.
  let quitter: ScriptedSeed
  /// Each breaks the protocol in its own way in place of the first block.
  let offenders: [ScriptedSeed]
  private let pieceLength: Int
  private static let enough: Int64 = 150_000

  init(torrent: TorrentMetainfo, content: [UInt8]) throws {
    func seed(_ change: (inout SeedBehaviour) -> Void) throws -> ScriptedSeed {
      var behaviour = SeedBehaviour()
      change(&behaviour)
      return try Self.seed(behaviour, of: torrent, content)
    }
    pieceLength = torrent.geometry.pieceLength
    liar = try seed { $0.corruption = .everyBlock }
    halfLiar = try seed { $0.corruption = .share(0.5) }
    staller = try seed { $0.stallsAfter = Self.enough }
    quitter = try seed { $0.hangsUpAfter = Self.enough }
    offenders = try SeedBehaviour.Offence.allCases.map { offence in
      try seed { $0.offence = offence }
    }
  }

  /// One peer on a free port of the loopback.
  static func seed(
    _ behaviour: SeedBehaviour, of torrent: TorrentMetainfo, _ content: [UInt8]
  ) throws -> ScriptedSeed {
    let environment = Environment.live()
    return try ScriptedSeed(
      torrent: torrent, content: content, behaviour: behaviour,
      at: Endpoint(address: .loopback4, port: 0), network: environment.network,
      clock: environment.clock, random: environment.random)
  }

  private var all: [ScriptedSeed] { [liar, halfLiar, staller, quitter] + offenders }

  /// Their endpoints, as `--peer` takes them.
  var endpoints: [String] { all.map { "\($0.endpoint)" } }

  /// The endpoints of those that may be banned.
  var liars: [String] { ["\(liar.endpoint)", "\(halfLiar.endpoint)"] }

  /// True if `leeches` downloaders have met everybody, and each has had the time to do its worst.
  func hasActed(on leeches: Int) -> Bool {
    all.allSatisfy { $0.tally.greetings >= leeches } && liar.tally.servedBytes >= Int64(pieceLength)
      && staller.tally.servedBytes >= Self.enough && quitter.tally.servedBytes >= Self.enough
  }

  /// Plays until stopped.
  func run() async {
    await withDiscardingTaskGroup { group in
      for seed in all { group.addTask { await seed.run() } }
    }
  }

  func stop() {
    for seed in all { seed.stop() }
  }
}
