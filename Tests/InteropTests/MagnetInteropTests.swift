import Foundation
import TestSupport
import Testing

/// Magnet links with programs that we did not write, in both directions: nobody has the .torrent but
/// the seed.
@Suite(
  .serialized, .timeLimit(.minutes(5)),
  .enabled(if: InteropClients.areInstalled, "clients are missing; Tests/run installs them"))
struct MagnetInteropTests {
  private static let shape = InteropPayload.Shape.folder([
    (path: "a.bin", size: 2_500_003), (path: "inner/b.bin", size: 40_001),
  ])

  /// The metadata is some 50 KiB, so that it has several pieces.
  private static let pieceLength = 1 << 10

  private static func link(_ payload: InteropPayload) -> String {
    let tracker = "\(InteropSwarm.tracker)/announce"
    let escaped = tracker.replacingOccurrences(of: "/", with: "%2F")
      .replacingOccurrences(of: ":", with: "%3A")
    return "magnet:?xt=urn:btih:\(payload.infoHash)&dn=magnet&tr=\(escaped)"
  }

  @Test(arguments: ReferenceClient.allCases)
  func aTorrentIsFoundAt(_ seed: ReferenceClient) async throws {
    try await InteropSwarm.with(Self.shape, pieceLength: Self.pieceLength) { swarm, payload in
      try await swarm.startSeed(seed, payload)
      let target = try swarm.folder.makeFolder("out")
      let kept = swarm.folder.file("kept.torrent")
      let leech = try swarm.startSwiftTorrent(
        [Self.link(payload), "-o", target, "--no-dht", "--verbose", "--save-torrent", kept],
        label: "leech")
      let ending = try await leech.wait(timeout: .seconds(90))
      #expect(ending == .exited(0), "\(leech.errors)")
      let isComplete = try await payload.isComplete(in: target)
      #expect(isComplete)
      let original = try Data(contentsOf: URL(fileURLWithPath: payload.torrent))
      #expect(try Data(contentsOf: URL(fileURLWithPath: kept)) == original)
    }
  }

  @Test(arguments: ReferenceClient.allCases)
  func aTorrentIsFoundAtUsBy(_ leech: ReferenceClient) async throws {
    try await InteropSwarm.with(Self.shape, pieceLength: Self.pieceLength) { swarm, payload in
      let seed = try swarm.startSwiftTorrent(
        ["seed", payload.torrent, "-o", payload.folder, "--no-dht"], label: "seed")
      try await swarm.waitForSeeds(1, of: payload, alive: seed)
      let target = try await swarm.leech(leech, payload, magnet: Self.link(payload))
      let isComplete = try await payload.isComplete(in: target)
      #expect(isComplete)
    }
  }
}

/// Peers that only other peers name, with libtorrent on the other side (BEP 11).
@Suite(
  .serialized, .timeLimit(.minutes(5)),
  .enabled(if: InteropClients.areInstalled, "clients are missing; Tests/run installs them"))
struct PeerExchangeInteropTests {
  private static let seedAddress = "10.77.1.11:6883"
  private static let otherAddress = "10.77.1.12:6883"
  private static let ours = "10.77.1.13"

  /// Starts libtorrent without any tracker, and so slow that it is not done before the test is.
  ///
  /// The seed hears of nobody through others, so that it can't be the one who dials.
  private func startLibtorrent(
    _ role: String, _ payload: InteropPayload, at address: String, peer: String? = nil,
    in swarm: InteropSwarm
  ) async throws -> ChildProcess {
    let python = try #require(InteropClients.libtorrentPython)
    let script = FixtureFolder.repositoryPath("Tests/InteropTests/Scripts/libtorrent_peer.py")
    let folder = role == "seed" ? payload.folder : try swarm.folder.makeFolder(role)
    let surroundings = ["TRACKER=", "RATE=100000"] + (role == "seed" ? ["NO_PEX=1"] : [])
    let words = [role, payload.torrent, folder, address, "0"] + (peer.map { [$0] } ?? [])
    let process = try swarm.namespace.start(
      ["env"] + surroundings + [python, script] + words, label: "libtorrent-\(role)")
    if role == "seed" {
      try await Condition.wait("libtorrent seeds", timeout: .seconds(60)) {
        process.output.contains("uploaded") || !process.isRunning
      }
    }
    return process
  }

  @Test func aPeerThatLibtorrentNamesIsReached() async throws {
    try await InteropSwarm.with(.singleFile(size: 20_000_003), pieceLength: 64 << 10) {
      swarm, payload in
      _ = try await startLibtorrent(
        "seed", payload, at: Self.seedAddress, in: swarm)
      let other = try await startLibtorrent(
        "leech", payload, at: Self.otherAddress, peer: Self.seedAddress, in: swarm)
      try await Condition.wait("the two are connected", timeout: .seconds(60)) {
        other.output.contains("peer \(Self.seedAddress)") || !other.isRunning
      }
      let target = try swarm.folder.makeFolder("out")
      let leech = try swarm.startSwiftTorrent(
        [payload.torrent, "-o", target, "--no-tracker", "--no-dht", "--verbose"]
          + ["--bind", Self.ours, "--peer", Self.otherAddress, "--limit-down", "100K"],
        label: "ours")
      try await Condition.wait("we know the seed through libtorrent", timeout: .seconds(150)) {
        leech.errors.contains(#/connected to 10\.77\.1\.11:6883 \(.*, pex\)/#) || !leech.isRunning
      }
      #expect(leech.isRunning, "\(leech.errors)")
    }
  }

  @Test func libtorrentReachesAPeerThatWeName() async throws {
    try await InteropSwarm.with(.singleFile(size: 20_000_003), pieceLength: 64 << 10) {
      swarm, payload in
      _ = try await startLibtorrent(
        "seed", payload, at: Self.seedAddress, in: swarm)
      let target = try swarm.folder.makeFolder("out")
      let leech = try swarm.startSwiftTorrent(
        [payload.torrent, "-o", target, "--no-tracker", "--no-dht", "--verbose"]
          + ["--bind", Self.ours, "--port", "6881", "--peer", Self.seedAddress]
          + ["--limit-down", "100K"], label: "ours")
      try await Condition.wait("we are connected", timeout: .seconds(60)) {
        leech.errors.contains("connected to \(Self.seedAddress)") || !leech.isRunning
      }
      let other = try await startLibtorrent(
        "leech", payload, at: Self.otherAddress, peer: "\(Self.ours):6881",
        in: swarm)
      try await Condition.wait("libtorrent knows the seed through us", timeout: .seconds(150)) {
        other.output.contains("peer \(Self.seedAddress) pex") || !other.isRunning
      }
      #expect(other.isRunning, "\(other.output) \(other.errors) \(leech.errors)")
    }
  }
}
