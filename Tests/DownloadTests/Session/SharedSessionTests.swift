import Demo
import Metainfo
import Networking
import PeerWire
import Primitives
import TestSupport
import Testing

@testable import Download

/// Torrents that share a session.
@Suite(.timeLimit(.minutes(5))) struct SharedSessionTests {
  private static let strangerAddress = IPAddress.v4(0x0A4D_0002)

  private static func torrent(isPrivate: Bool = false) throws -> TorrentMetainfo {
    var builder = TorrentBuilder(name: "data.bin", pieceLength: 16384)
    builder.isPrivate = isPrivate
    let content = [UInt8](repeating: 1, count: 50_000)
    return try TorrentMetainfo(bytes: builder.torrent(content: content))
  }

  private static func options(peers: [Endpoint] = []) -> TorrentOptions {
    var options = TorrentOptions()
    options.output.folder = "/out"
    options.sources.trackers = []
    options.sources.peers = peers
    return options
  }

  // MARK: - One torrent twice

  /// Each run would take the other's peers, memory and connections for its own.
  @Test func aTorrentRunsOnceInASession() async throws {
    let scene = await SessionScene(seed: 21)
    let torrent = try Self.torrent()
    let errors = try await scene.simulation.run { () async throws -> [DownloadError?] in
      try await withSession(
        Self.sessionOptions, environment: { scene.environment() }
      ) { session in
        var elsewhere = Self.options()
        elsewhere.output.folder = "/elsewhere"
        let first = session.add(.torrent(torrent), options: Self.options())
        let second = session.add(.torrent(torrent), options: elsewhere)
        let link = MagnetLink(infoHash: torrent.infoHash)
        let third = session.add(.magnet(link), options: elsewhere)
        async let ending = Self.error(of: first)
        await scene.clock.sleep(for: .seconds(5))
        let errors = [await Self.error(of: second), await Self.error(of: third)]
        first.stop()
        return [await ending] + errors
      }
    }
    #expect(errors == [.cancelled, .alreadyRunning, .alreadyRunning])
  }

  /// A run that cannot even save its state lets go of its output nevertheless.
  @Test func aTorrentThatFilledTheDiskCanBeAddedAgain() async throws {
    let swarm = try await SimulatedSwarm(seed: 25, size: 500_000)
    let disk = FaultyFileSystem(swarm.files, fullAfter: 150_000)
    let errors = try await swarm.simulation.run { () async throws -> [DownloadError?] in
      let (seed, _) = try swarm.addSeed()
      async let seeding: Void = seed.run()
      var options = Self.sessionOptions
      options.listenAddresses = [SimulatedSwarm.leecherAddress]
      let errors = try await withSession(
        options, environment: { swarm.environment(files: disk) }
      ) { session in
        let source = TorrentSource.torrent(swarm.torrent)
        let peers = Self.options(peers: swarm.endpoints)
        let full = await Self.error(of: session.add(source, options: peers))
        disk.setBytesLeft(nil)
        return [full, await Self.error(of: session.add(source, options: peers))]
      }
      seed.stop()
      await seeding
      return errors
    }
    #expect(errors == [.storage(.diskFull(path: "/out/data.bin")), nil])
    let isWhole = await swarm.output == swarm.content
    #expect(isWhole)
  }

  private static var sessionOptions: SessionOptions {
    var options = SessionOptions()
    options.port = 6881
    options.listenAddresses = [SessionScene.address]
    return options
  }

  private static func error(of torrent: Torrent) async -> DownloadError? {
    do throws(DownloadError) {
      _ = try await torrent.run()
      return nil
    } catch {
      return error
    }
  }

  // MARK: - The DHT of one is no matter of the other

  /// A torrent that is private tells its peers nothing of the node that others have (BEP 27).
  @Test(arguments: [true, false])
  func onlyPeersOfATorrentThatUsesTheDHTHearOfOurNode(isPrivate: Bool) async throws {
    let scene = await SessionScene(seed: 22)
    let torrent = try Self.torrent(isPrivate: isPrivate)
    let said = try await scene.simulation.run { () async throws -> [UInt8] in
      try await scene.withTable { _, dht in
        let core = try scene.core {
          $0.port = 6881
          $0.dht = dht
        }
        return try await scene.run([core]) {
          #expect(core.join(FakeMember(try SessionScene.hash(9))))
          await scene.clock.sleep(for: .seconds(60))
          #expect(core.dhtPort(isIPv6: false) != nil)
          return try await Self.whatAPeerHears(of: torrent, core, scene)
        }
      }
    }
    var port: [UInt8] = []
    PeerMessage.port(6881).append(to: &port)
    #expect(!said.isEmpty)
    let isTold = said.indices.contains { said[$0...].starts(with: port) }
    #expect(isTold == !isPrivate)
  }

  /// Runs a torrent and returns all that a peer with a node of its own hears within a few seconds.
  @Reactor private static func whatAPeerHears(
    of torrent: TorrentMetainfo, _ core: SessionCore, _ scene: SessionScene
  ) async throws -> [UInt8] {
    let interruption = Interruption()
    let run = TorrentRun(
      source: .torrent(torrent), options: options(), session: core, events: EventSink(),
      interruption: interruption)
    async let ending: Void = {
      await #expect(throws: DownloadError.cancelled) { try await run.run() }
    }()
    await scene.clock.sleep(for: .seconds(1))
    var random = scene.simulation.makeRandom()
    let id = PeerID.make(prefix: "-RW0100-", using: &random)
    let transport = try await scene.dial(
      core, from: strangerAddress,
      Handshake(infoHash: torrent.infoHash, peerID: id, features: [.extensions, .dht]).bytes)
    await scene.clock.sleep(for: .seconds(5))
    var said: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while case .bytes(let count) = transport.read(&buffer, count: buffer.count) {
      said += buffer.prefix(count)
    }
    transport.close()
    interruption.stop()
    await ending
    return said
  }

  // MARK: - Connections

  /// A torrent with many peers gives some of its places to one that comes later.
  @Test func aLateTorrentGetsItsShareOfTheConnections() async throws {
    let swarm = try await SimulatedSwarm(seed: 23, size: 50_000_000)
    let late = try SessionScene.hash(9)
    let counts = try await swarm.simulation.run { () async throws -> [Int] in
      for _ in 0..<16 {
        var slow = SeedBehaviour()
        slow.bytesPerSecond = 20_000
        try swarm.addSeed(slow)
      }
      var options = SessionOptions()
      options.listenAddresses = [SimulatedSwarm.leecherAddress]
      options.maximumPeers = 16
      let core = try SessionCore(options: options, environment: swarm.environment())
      let interruption = Interruption()
      let run = TorrentRun(
        source: .torrent(swarm.torrent), options: Self.options(peers: swarm.endpoints),
        session: core, events: EventSink(), interruption: interruption)
      return await withTaskGroup(of: Void.self) { group in
        group.addTask { await core.run() }
        for seed in swarm.seeds { group.addTask { await seed.run() } }
        group.addTask {
          await #expect(throws: DownloadError.cancelled) { try await run.run() }
        }
        await swarm.clock.sleep(for: .seconds(10))
        var counts = [core.connections.count(of: swarm.torrent.infoHash)]
        let member = FakeMember(late)
        #expect(core.join(member))
        #expect(!core.connections.mayDial(for: late))
        await swarm.clock.sleep(for: .seconds(10))
        #expect(core.connections.mayDial(for: late))
        counts.append(core.connections.count(of: swarm.torrent.infoHash))
        interruption.stop()
        for seed in swarm.seeds { seed.stop() }
        core.leave(member)
        core.stop()
        return counts
      }
    }
    #expect(counts == [16, 14])
  }

  /// Others make room only for a torrent that has a peer to dial.
  @Test(arguments: [true, false])
  func aTorrentWithoutPeersTakesNoPlaces(hasPeer: Bool) async throws {
    let scene = await SessionScene(seed: 24)
    let torrent = try Self.torrent()
    let rich = try SessionScene.hash(9)
    let surplus = try await scene.simulation.run { () async throws -> Int in
      let core = try scene.core {
        $0.port = 6881
        $0.maximumPeers = 16
      }
      let interruption = Interruption()
      let peers = hasPeer ? [Endpoint(address: Self.strangerAddress, port: 6881)] : []
      let run = TorrentRun(
        source: .torrent(torrent), options: Self.options(peers: peers), session: core,
        events: EventSink(), interruption: interruption)
      return try await scene.run([core]) {
        let member = FakeMember(rich)
        #expect(core.join(member))
        for _ in 0..<16 {
          core.connections.began(for: rich)
          core.connections.established(for: rich)
        }
        async let ending: Void = {
          await #expect(throws: DownloadError.cancelled) { try await run.run() }
        }()
        await scene.clock.sleep(for: .seconds(5))
        let surplus = core.connections.surplus(of: rich)
        interruption.stop()
        await ending
        core.leave(member)
        return surplus
      }
    }
    #expect((surplus > 0) == hasPeer)
  }
}
