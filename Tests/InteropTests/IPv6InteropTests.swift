import Foundation
import TestSupport
import Testing

/// Exchange over IPv6 with a program that we did not write, without a tracker: opentracker's Debian
/// build knows IPv4 only.
@Suite(
  .serialized, .timeLimit(.minutes(3)),
  .enabled(if: InteropClients.areInstalled, "clients are missing; Tests/run installs them"),
  .enabled(
    if: FileManager.default.fileExists(atPath: "/proc/sys/net/ipv6"), "this kernel has no IPv6"))
struct IPv6InteropTests {
  private static let seedAddress = "[2001:db8:77::11]:6881"
  private static let leechAddress = "[2001:db8:77::12]:6882"
  private static let script = FixtureFolder.repositoryPath(
    "Tests/InteropTests/Scripts/libtorrent_peer.py")

  private func startLibtorrent(
    _ role: String, _ payload: InteropPayload, folder: String, _ more: [String],
    in swarm: InteropSwarm
  ) throws -> ChildProcess {
    let python = try #require(InteropClients.libtorrentPython)
    return try swarm.namespace.start(
      [python, Self.script, role, payload.torrent, folder] + more, label: role)
  }

  @Test func everythingIsFetchedFromAPeerGivenByItsAddress() async throws {
    try await InteropSwarm.with(.singleFile(size: 2_000_003), pieceLength: 32 << 10) {
      swarm, payload in
      let seed = try startLibtorrent(
        "seed", payload, folder: payload.folder, [Self.seedAddress], in: swarm)
      try await Condition.wait("libtorrent runs", timeout: .seconds(20)) {
        seed.output.contains("uploaded") || !seed.isRunning
      }
      let target = try swarm.folder.makeFolder("out")
      let leech = try swarm.startSwiftTorrent(
        [payload.torrent, "-o", target, "--no-tracker", "--verbose", "--peer", Self.seedAddress],
        label: "leech")
      let ending = try await leech.wait(timeout: .seconds(60))
      #expect(ending == .exited(0), "\(leech.errors) \(seed.errors)")
      #expect(leech.errors.contains("connected to \(Self.seedAddress) (LT"), "\(leech.errors)")
      let isComplete = try await payload.isComplete(in: target)
      #expect(isComplete)
    }
  }

  @Test func everythingIsFetchedFromUs() async throws {
    try await InteropSwarm.with(.singleFile(size: 2_000_003), pieceLength: 32 << 10) {
      swarm, payload in
      let seed = try swarm.startSwiftTorrent(
        ["seed", payload.torrent, "-o", payload.folder, "--no-tracker", "--verbose"]
          + ["--port", "6881"], label: "seed")
      try await Condition.wait("we listen", timeout: .seconds(20)) {
        seed.errors.contains("listening for peers") || !seed.isRunning
      }
      let target = try swarm.folder.makeFolder("out")
      let leech = try startLibtorrent(
        "leech", payload, folder: target, [Self.leechAddress, "0", Self.seedAddress], in: swarm)
      let ending = try await leech.wait(timeout: .seconds(60))
      #expect(ending == .exited(0), "\(leech.errors) \(seed.errors)")
      #expect(seed.errors.contains("connected to [2001:db8:77::12]:"), "\(seed.errors)")
      let isComplete = try await payload.isComplete(in: target)
      #expect(isComplete)
    }
  }
}
