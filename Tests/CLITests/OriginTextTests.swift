import CLI
@testable import Download
import Primitives
import Testing

/// The origin of peers and data, as people read it.
@Suite struct OriginTextTests {
  private func snapshot() -> ProgressSnapshot {
    var snapshot = ProgressSnapshot()
    snapshot.totalBytes = 1 << 20
    snapshot.verifiedBytes = 1 << 20
    snapshot.downloadedBytes = 1 << 20
    snapshot.connectedPeers = 5
    snapshot.pieceMap = [Double](repeating: 0.5, count: 64)
    snapshot.sources = [
      SourceSummary(source: .tracker, found: 8, connected: 3, downloadedBytes: 1 << 19),
      SourceSummary(source: .dht, found: 8, connected: 2, downloadedBytes: 0),
      SourceSummary(source: .pex, found: 8, connected: 0, downloadedBytes: 1 << 18),
      SourceSummary(source: .webSeed, found: 1, connected: 1, downloadedBytes: 1 << 18),
    ]
    return snapshot
  }

  @Test func theStripIsFollowedByWhoIsConnected() {
    let renderer = ProgressRenderer(name: "x", usesColor: false)
    let strip = renderer.strip(snapshot(), columns: 120)
    #expect(strip.hasSuffix("▒  tracker 3, DHT 2, web seed 1"), "\(strip)")
    for columns in 0...160 {
      let strip = renderer.strip(snapshot(), columns: columns)
      #expect(strip.count <= max(0, columns - 1), "\(columns) columns")
    }
    #expect(!renderer.strip(snapshot(), columns: 40).contains("tracker"))
  }

  @Test func aPlainLineNamesThemToo() {
    var progress = PlainProgress(name: "x", now: .zero)
    let line = progress.line(snapshot(), now: .zero + .seconds(10))
    #expect(line?.hasSuffix("5 peers (tracker 3, DHT 2, web seed 1)") == true, "\(line ?? "")")
  }

  @Test func theLastLineSaysWhoHasBroughtWhat() {
    let summary = DownloadSummary(
      alreadyComplete: false, duration: .seconds(1), seedingTime: .zero, progress: snapshot(),
      bannedPeers: [])
    let line = DownloadNarrative(verbosity: .normal).summary(summary, name: "x")
    #expect(
      line?.hasSuffix(", from tracker 512 KiB, PEX 256 KiB, web seed 256 KiB") == true,
      "\(line ?? "")")
  }

  @Test func theTableIsSpokenOfWhenThatIsWantedOrItFails() {
    func line(_ verbosity: Verbosity, _ report: DHTReport) -> String? {
      var narrative = DownloadNarrative(verbosity: verbosity)
      return narrative.line(.dht(report))
    }
    #expect(line(.normal, DHTReport(.joined, nodes: 3)) == nil)
    #expect(line(.verbose, DHTReport(.joined, nodes: 1)) == "DHT: joined, 1 node known")
    #expect(
      line(.verbose, DHTReport(.searched(peers: 2), nodes: 9))
        == "DHT: found 2 peers, 9 nodes known")
    #expect(
      line(.normal, DHTReport(.failed("no socket"), nodes: 0))
        == "the DHT cannot be used: no socket")
    #expect(line(.quiet, DHTReport(.failed("no socket"), nodes: 0)) == nil)
  }
}
