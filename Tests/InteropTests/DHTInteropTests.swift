import DHT
import Foundation
import Networking
import Primitives
import TestSupport
import Testing

/// A table of libtorrent nodes on loopback: we join through one of them, announce, and find and are
/// found.
@Suite(
  .serialized, .timeLimit(.minutes(5)),
  .enabled(if: InteropClients.areInstalled, "clients are missing; Tests/run installs them"))
struct DHTInteropTests {
  private static let nodeCount = 30
  private static let port = 27_001
  /// The info-hash that libtorrent announces; it searches for `ours`.
  private static let theirs = String(repeating: "a1", count: 20)
  private static let ours = String(repeating: "b2", count: 20)

  @Reactor
  private static func makeNode(_ address: String) throws -> DHTNode {
    var options = DHTNode.Options()
    options.addresses = [try #require(IPAddress(address))]
    options.routers = ["127.0.1.5:\(port)"]
    return try DHTNode(
      options: options, network: LiveNetwork(), clock: ReactorClock(), secret: Array(0..<20),
      random: .unpredictable())
  }

  /// Searches again and again until the peer is found.
  @Reactor
  private static func search(
    _ node: DHTNode, for hash: InfoHash, until peer: Endpoint,
    announcing announcement: PeerAnnouncement? = nil
  ) async throws {
    var found: Set<Endpoint> = []
    try await Condition.wait("\(peer) is found, not \(found)", timeout: .seconds(90)) {
      for await peers in node.peers(of: hash, announcing: announcement) {
        found.formUnion(peers)
      }
      return found.contains(peer)
    }
  }

  @Reactor
  private static func exchange(_ network: ChildProcess) async throws {
    let (speaker, seeker) = (try makeNode("127.0.2.1"), try makeNode("127.0.2.2"))
    let theirs = try #require(InfoHash(hex: theirs))
    let ours = try #require(InfoHash(hex: ours))
    let us = try #require(Endpoint("127.0.2.1:7001"))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for node in [speaker, seeker] { group.addTask { await node.run() } }
      defer {
        speaker.stop()
        seeker.stop()
      }
      // libtorrent's announcement is found by us.
      let them = try #require(Endpoint("127.0.1.\(nodeCount / 3 + 1):7002"))
      try await search(seeker, for: theirs, until: them)
      // Ours is found by another node of ours, and by libtorrent.
      let announcement = PeerAnnouncement(port: us.port, isSeed: false)
      for await _ in speaker.peers(of: ours, announcing: announcement) {}
      try await search(seeker, for: ours, until: us)
      try await Condition.wait("libtorrent finds us", timeout: .seconds(90)) {
        network.output.contains("found \(us)")
      }
      #expect(seeker.nodeCount >= 8)
    }
  }

  @Test func weFindAndAreFoundAmongLibtorrentsNodes() async throws {
    let folder = try TemporaryFolder()
    let script = FixtureFolder.repositoryPath("Tests/InteropTests/Scripts/libtorrent_dht.py")
    let python = try #require(InteropClients.libtorrentPython)
    let network = try ChildProcess(
      [python, script, String(Self.nodeCount), String(Self.port), Self.theirs, Self.ours],
      logsIn: folder.path, label: "dht")
    try await Condition.wait("libtorrent's nodes know each other", timeout: .seconds(150)) {
      network.output.contains("ready") || !network.isRunning
    }
    try #require(network.isRunning, "\(network.errors)")
    do {
      try await Self.exchange(network)
    } catch {
      Issue.record("\(error); libtorrent said \(network.output) \(network.errors)")
    }
    await network.stop()
  }
}
