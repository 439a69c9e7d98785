import Foundation
import TestSupport
import Testing

/// Trackers and clients that we did not write, over UDP and over IPv6.
@Suite(
  .serialized, .timeLimit(.minutes(3)),
  .enabled(if: InteropClients.areInstalled, "clients are missing; Tests/run installs them"))
struct TrackerInteropTests {
  /// A client that we did not write, and its way to be told the tracker.
  enum Announcer: String, CaseIterable, Sendable {
    case libtorrentOverHTTP
    case libtorrentOverUDP
    case aria2OverHTTP

    var scheme: String { self == .libtorrentOverUDP ? "udp" : "http" }

    func seed(
      _ payload: InteropPayload, tracker: String, in swarm: InteropSwarm
    ) throws -> ChildProcess {
      let command: [String]
      if self == .aria2OverHTTP {
        command = [
          "aria2c", "--no-conf", "--dir=\(payload.folder)", "--interface=2001:db8:77::13",
          "--listen-port=6884", "--enable-dht=false", "--enable-dht6=false",
          "--enable-peer-exchange=false", "--bt-enable-lpd=false", "--check-integrity=true",
          "--allow-overwrite=true", "--file-allocation=none", "--summary-interval=0",
          "--seed-ratio=0.0", "--bt-exclude-tracker=*", "--bt-tracker=\(tracker)",
          payload.torrent,
        ]
      } else {
        let script = FixtureFolder.repositoryPath(
          "Tests/InteropTests/Scripts/libtorrent_peer.py")
        command = [
          "env", "TRACKER=\(tracker)", InteropClients.libtorrentPython ?? "python3", script,
          "seed", payload.torrent, payload.folder, "[2001:db8:77::11]:6881",
        ]
      }
      return try swarm.namespace.start(command, label: rawValue)
    }
  }

  /// opentracker over UDP; Debian's build knows IPv4 only.
  @Test func peersAreFoundThroughOpentrackerOverUDP() async throws {
    try await InteropSwarm.with(.singleFile(size: 1_000_003), pieceLength: 32 << 10) {
      swarm, payload in
      try await swarm.startSeed(.libtorrent, payload)
      let target = try swarm.folder.makeFolder("out")
      let tracker = "udp://\(TestNamespace.host):6969/announce"
      let process = try swarm.startSwiftTorrent(
        [payload.torrent, "-o", target, "--no-tracker", "--tracker", tracker, "--verbose"],
        label: "leech")
      let ending = try await process.wait(timeout: .seconds(60))
      #expect(ending == .exited(0), "\(process.errors)")
      let isComplete = try await payload.isComplete(in: target)
      #expect(isComplete)
    }
  }

  /// We say by UDP that we are a seed, and the others hear of us by HTTP.
  @Test func opentrackerTellsOthersOfUs() async throws {
    try await InteropSwarm.with(.singleFile(size: 1_000_003), pieceLength: 32 << 10) {
      swarm, payload in
      let tracker = "udp://\(TestNamespace.host):6969/announce"
      let seed = try swarm.startSwiftTorrent(
        ["seed", payload.torrent, "-o", payload.folder, "--no-tracker", "--tracker", tracker],
        label: "seed")
      try await swarm.waitForSeeds(1, of: payload, alive: seed)
      for scheme in ["udp", "http"] {
        let scraped = try await swarm.namespace.run([
          try SwiftTorrentBinary.path(), "scrape", payload.torrent, "--tracker",
          "\(scheme)://\(TestNamespace.host):6969/announce",
        ])
        #expect(scraped.output.contains("1 seeding"), "\(scraped.output) \(scraped.errors)")
      }
      seed.signal(SIGTERM)
      let ending = try await seed.wait(timeout: .seconds(10))
      #expect(ending == .signalled(SIGTERM))
      let left = try await swarm.seedCount(payload)
      #expect(left == 0, "the tracker has heard that we stopped")
    }
  }

  @Test(
    .enabled(
      if: FileManager.default.fileExists(atPath: "/proc/sys/net/ipv6"), "this kernel has no IPv6"),
    arguments: Announcer.allCases)
  func ourTrackerServesOthersOverIPv6(announcer: Announcer) async throws {
    try await InteropSwarm.with(.singleFile(size: 1_000_003), pieceLength: 32 << 10) {
      swarm, payload in
      let address = "[2001:db8:77::1]:6970"
      let tracker = try swarm.startSwiftTorrent(["tracker", "--listen", address], label: "tracker")
      try await Condition.wait("the tracker listens", timeout: .seconds(20)) {
        tracker.output.contains("udp://") || !tracker.isRunning
      }
      let seed = try announcer.seed(
        payload, tracker: "\(announcer.scheme)://\(address)/announce", in: swarm)
      let target = try swarm.folder.makeFolder("out")
      let leech = try swarm.startSwiftTorrent(
        [
          payload.torrent, "-o", target, "--no-tracker", "--verbose", "--tracker",
          "udp://\(address)/announce",
        ], label: "leech")
      let ending = try await leech.wait(timeout: .seconds(60))
      #expect(ending == .exited(0), "\(leech.errors) \(seed.output) \(seed.errors)")
      let isComplete = try await payload.isComplete(in: target)
      #expect(isComplete)
    }
  }

  /// Over plain http to a literal IPv6 address.
  @Test(
    .enabled(
      if: FileManager.default.fileExists(atPath: "/proc/sys/net/ipv6"), "this kernel has no IPv6"))
  func peersAreFoundThroughTheTrackerOfQBittorrent() async throws {
    try await InteropSwarm.with(.singleFile(size: 1_000_003), pieceLength: 32 << 10) {
      swarm, payload in
      let profile = try swarm.folder.makeFolder("qbittorrent")
      let script = FixtureFolder.repositoryPath(
        "Tests/InteropTests/Scripts/qbittorrent_tracker.sh")
      let process = try swarm.namespace.start(
        ["sh", script, profile, "9077"], label: "qbittorrent")
      let log = "\(profile)/qBittorrent/data/logs/qbittorrent.log"
      try await Condition.wait("qBittorrent's tracker listens", timeout: .seconds(60)) {
        let text = FileManager.default.contents(atPath: log).map {
          String(decoding: $0, as: UTF8.self)
        }
        return text?.contains("Embedded Tracker: Now listening") ?? false || !process.isRunning
      }
      let tracker = ["--no-tracker", "--verbose", "--tracker", "http://[::1]:9077/announce"]
      let seed = try swarm.startSwiftTorrent(
        ["seed", payload.torrent, "-o", payload.folder] + tracker, label: "seed")
      let target = try swarm.folder.makeFolder("out")
      let leech = try swarm.startSwiftTorrent(
        [payload.torrent, "-o", target] + tracker, label: "leech")
      let ending = try await leech.wait(timeout: .seconds(60))
      #expect(ending == .exited(0), "\(leech.errors) \(seed.errors) \(process.errors)")
      // Either may dial first; nothing but the tracker tells them of each other.
      #expect(leech.errors.contains("connected to "), "\(leech.errors)")
      let isComplete = try await payload.isComplete(in: target)
      #expect(isComplete)
    }
  }
}
