import Foundation
import TestSupport
import Testing

/// We and libtorrent find each other by multicast alone (BEP 14), whoever comes first.
@Suite(
  .serialized, .timeLimit(.minutes(3)),
  .enabled(if: InteropClients.areInstalled, "clients are missing; Tests/run installs them"))
struct LocalDiscoveryInteropTests {
  private func startLibtorrent(
    _ role: String, _ payload: InteropPayload, folder: String, in swarm: InteropSwarm
  ) throws -> ChildProcess {
    let python = try #require(InteropClients.libtorrentPython)
    let script = FixtureFolder.repositoryPath("Tests/InteropTests/Scripts/libtorrent_peer.py")
    return try swarm.namespace.start(
      ["env", "LSD=1", "TRACKER=", python, script, role, payload.torrent, folder]
        + ["10.77.0.11:6881"], label: role)
  }

  @Test func libtorrentHearsThatWeHaveCome() async throws {
    try await InteropSwarm.with(.singleFile(size: 1_000_003), pieceLength: 32 << 10) {
      swarm, payload in
      let seed = try startLibtorrent("seed", payload, folder: payload.folder, in: swarm)
      try await Condition.wait("libtorrent runs", timeout: .seconds(60)) {
        seed.output.contains("uploaded") || !seed.isRunning
      }
      let target = try swarm.folder.makeFolder("out")
      let leech = try swarm.startSwiftTorrent(
        [payload.torrent, "-o", target, "--no-tracker", "--no-dht", "--lsd", "--verbose"],
        label: "leech")
      let ending = try await leech.wait(timeout: .seconds(120))
      #expect(ending == .exited(0), "\(leech.errors) \(seed.errors)")
      #expect(leech.errors.contains("(LT"), "\(leech.errors)")
      let isComplete = try await payload.isComplete(in: target)
      #expect(isComplete)
    }
  }

  @Test func weHearThatLibtorrentHasCome() async throws {
    try await InteropSwarm.with(.singleFile(size: 1_000_003), pieceLength: 32 << 10) {
      swarm, payload in
      let seed = try swarm.startSwiftTorrent(
        ["seed", payload.torrent, "-o", payload.folder, "--no-tracker", "--no-dht", "--lsd"]
          + ["--verbose"], label: "seed")
      try await Condition.wait("we listen", timeout: .seconds(60)) {
        seed.errors.contains("listening for peers") || !seed.isRunning
      }
      let target = try swarm.folder.makeFolder("out")
      let leech = try startLibtorrent("leech", payload, folder: target, in: swarm)
      let ending = try await leech.wait(timeout: .seconds(120))
      #expect(ending == .exited(0), "\(leech.errors) \(seed.errors)")
      #expect(seed.errors.contains(", lsd)"), "\(seed.errors)")
    }
  }
}
