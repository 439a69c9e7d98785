import DHT
import Foundation
import Metainfo
import Networking
import Primitives
import TestSupport
import Testing

/// The program in a hash table of our own nodes on loopback.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct DHTProgramTests {
  private static let content = [UInt8]((0..<60_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })

  /// A torrent that names no tracker, and its data in `have`.
  private static func write(in folder: TemporaryFolder) throws -> String {
    let have = try folder.makeFolder("have")
    let bytes = TorrentBuilder(name: "data", pieceLength: 16384).torrent(content: content)
    try Data(bytes).write(to: URL(fileURLWithPath: folder.file("x.torrent")))
    try Data(content).write(to: URL(fileURLWithPath: "\(have)/data"))
    return folder.file("x.torrent")
  }

  /// Runs some nodes that know each other, and `body` beside them; `router` is one.
  @Reactor
  private static func withNodes(
    _ count: UInt32, _ body: @Sendable (_ router: String) async throws -> Void
  ) async throws {
    var routers: [String] = []
    var nodes: [DHTNode] = []
    for number in 0..<count {
      var options = DHTNode.Options()
      options.addresses = [.v4(0x7F00_0401 + number)]
      options.routers = routers
      let node = try DHTNode(
        options: options, network: LiveNetwork(), clock: ReactorClock(), secret: Array(0..<20),
        random: .unpredictable())
      if number == 0, let port = node.port(isIPv6: false) { routers = ["127.0.4.1:\(port)"] }
      nodes.append(node)
    }
    let router = try #require(routers.first)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for node in nodes { group.addTask { await node.run() } }
      defer { for node in nodes { node.stop() } }
      try await body(router)
    }
  }

  private static func run(_ words: [String]) async throws -> ProcessRunner.Outcome {
    try await ProcessRunner.run(
      [try SwiftTorrentBinary.path()] + words, timeout: .seconds(120))
  }

  @Test func aSeedAndADownloadFindEachOtherWithoutATracker() async throws {
    let folder = try TemporaryFolder()
    let torrent = try Self.write(in: folder)
    try await Self.withNodes(10) { router in
      let seed = try ChildProcess(
        [
          try SwiftTorrentBinary.path(), "seed", torrent, "-o", folder.file("have"),
          "--dht-bootstrap", router, "--verbose",
        ], logsIn: folder.path, label: "seed")
      try await Condition.wait("the seed has told where it is", timeout: .seconds(90)) {
        seed.errors.contains("DHT: found") || !seed.isRunning
      }
      let outcome = try await Self.run([
        torrent, "-o", folder.file("want"), "--dht-bootstrap", router, "--dht-state",
        folder.file("nodes"), "--json",
      ])
      #expect(outcome.ending == .exited(0), "\(outcome.errors)")
      #expect(
        FileManager.default.contents(atPath: folder.file("want/data")) == Data(Self.content))
      let events = try JSONLines.parse(outcome.output)
      let states = events.filter { $0["event"] as? String == "dht" }
        .compactMap { $0["state"] as? String }
      #expect(states.prefix(2) == ["joining", "joined"])
      let origins = events.last { $0["event"] as? String == "progress" }?["origins"]
      let names = (origins as? [[String: Any]])?.compactMap { $0["origin"] as? String }
      #expect(names == ["dht"])
      #expect(outcome.errors.contains("from DHT 58.6 KiB"), "\(outcome.errors)")
      // The next run needs nobody else to begin at.
      let again = try await Self.run([
        torrent, "-o", folder.file("again"), "--dht-bootstrap", "127.0.4.99:9", "--dht-state",
        folder.file("nodes"),
      ])
      #expect(again.ending == .exited(0), "\(again.errors)")
      // Nor does one that knows nothing but the info-hash.
      let bytes = FileManager.default.contents(atPath: torrent) ?? Data()
      let hash = "\(try TorrentMetainfo(bytes: Array(bytes)).infoHash)"
      let join = ["--dht-bootstrap", router, "--dht-state", folder.file("nodes")]
      let info = try await Self.run(["info", hash] + join)
      #expect(info.output.hasPrefix("name:       data\n"), "\(info.errors)")
      let bare = try await Self.run([hash, "-o", folder.file("bare")] + join)
      #expect(bare.ending == .exited(0), "\(bare.errors)")
      #expect(bare.errors.contains("from DHT 58.6 KiB"), "\(bare.errors)")
      await seed.stop()
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(!names.contains { $0.hasPrefix("nodes.") }, "nothing is left beside the state")
  }

  @Test func aFileThatHoldsSomethingElseIsLeftAsItIs() async throws {
    let folder = try TemporaryFolder()
    let torrent = try Self.write(in: folder)
    let path = try folder.write("my precious notes", to: "notes")
    let outcome = try await Self.run([
      torrent, "-o", folder.file("have"), "--dht-bootstrap", "127.0.4.1:9", "--dht-state", path,
    ])
    #expect(outcome.ending == .exited(17), "\(outcome.errors)")
    #expect(outcome.errors.contains("--dht-state"), "\(outcome.errors)")
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "my precious notes")
  }

  /// A swarm of one's own asks nothing of the world.
  @Test func aRunWhosePeersAreLocalLeavesTheTableAlone() async throws {
    let folder = try TemporaryFolder()
    let torrent = try Self.write(in: folder)
    let process = try ChildProcess(
      [
        try SwiftTorrentBinary.path(), torrent, "-o", folder.file("want"), "--json", "--verbose",
        "--peer", "127.0.0.1:9",
      ], logsIn: folder.path, label: "download")
    // The line comes after three seconds; a download without trackers would have joined at once.
    try await Condition.wait("it waits for a peer", timeout: .seconds(60)) {
      process.errors.contains("waiting for peers") || !process.isRunning
    }
    #expect(!process.output.contains("\"event\":\"dht\""))
    #expect(process.output.contains("\"dht_nodes\":null"))
    process.signal(SIGINT)
    _ = try await process.wait(timeout: .seconds(60))
  }
}
