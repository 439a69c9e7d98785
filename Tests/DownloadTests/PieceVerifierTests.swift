import Metainfo
import Networking
import PeerWire
import Primitives
import Storage
import Swarm
import TestSupport
import Testing

@testable import Download

/// The hashing of pieces that have come in: its thread and its time.
@Suite(.serialized) struct PieceVerifierTests {
  @Test func aFullBatchIsHashedAndWrittenInTheSameTurn() async throws {
    try await Self.onReactor { @Reactor in
      let bench = try VerifierBench(hashesOnLoop: true)
      bench.bring(15)
      bench.verifier.processFullBatches()
      #expect(bench.verified.isEmpty, "a lane is free")
      bench.bring(2)
      bench.verifier.processFullBatches()
      #expect(bench.verified.count == 16 && bench.failures == 0)
      for piece in bench.verified { #expect(try bench.isWritten(piece)) }
    }
  }

  @Test func whereWorkersHashTheLoopDoesNot() async throws {
    try await Self.onReactor { @Reactor in
      let bench = try VerifierBench(hashesOnLoop: false)
      bench.bring(17)
      bench.verifier.processFullBatches()
      #expect(bench.verified.isEmpty)
    }
  }

  /// The piece's peers leave while it waits for a full batch, and another piece needs its memory.
  @Test func aPieceThatIsGivenUpWhileItWaitsIsNotHashed() async throws {
    let swarm = try await SimulatedSwarm(seed: 6, size: 4 << 20, pieceLength: 1 << 20)
    let count = try await swarm.simulation.run { @Reactor in
      let bench = try VerifierBench(hashesOnLoop: false, swarm: swarm)
      bench.bring(1, blocks: 8)
      bench.giveUp()
      return await withTaskGroup(of: Void.self) { group in
        group.addTask { await bench.verifier.run(batcher: 0) }
        await swarm.clock.sleep(for: .seconds(1))
        bench.verifier.close()
        return bench.verified.count + bench.failures
      }
    }
    #expect(count == 0)
  }

  private static func onReactor(_ body: @Reactor () throws -> Void) async throws {
    try await body()
  }
}

/// A verifier with its swarm and files, and a source that brings whole pieces.
@Reactor
private final class VerifierBench: SwarmOwner {
  let number = PeerNumber(1)
  private let world: SimulatedSwarm
  private let storage: TorrentStorage
  private let session: SessionCore
  private lazy var swarm = TorrentSwarm(
    infoHash: world.torrent.infoHash, session: session, events: EventSink(), owner: self,
    options: TorrentOptions(), random: SeededRandom(seed: 1))
  private(set) var verified: [PieceIndex] = []
  private(set) var failures = 0

  init(hashesOnLoop: Bool, swarm given: SimulatedSwarm? = nil) throws {
    world = try given ?? SimulatedSwarm(seed: 5, size: 20 << 15, pieceLength: 1 << 15)
    let torrent = world.torrent
    var environment = world.environment()
    environment.hashesOnLoop = hashesOnLoop
    var options = SessionOptions()
    options.listenAddresses = [SimulatedSwarm.leecherAddress]
    session = try SessionCore(options: options, environment: environment)
    storage = TorrentStorage(torrent: torrent, folder: "/out", fileSystem: world.files)
    _ = try storage.inspect()
    let none = Bitfield(count: torrent.geometry.pieceCount)
    try storage.prepare(verified: none)
    let buffers = PieceBuffers(
      geometry: torrent.geometry, memory: session.memory, torrent: torrent.infoHash)
    let content = SwarmContent(
      torrent: torrent, storage: storage, buffers: buffers,
      verifier: PieceVerifier(
        torrent: torrent, storage: storage, swarm: swarm, environment: environment),
      webSeeds: WebSeeds(
        torrent: torrent, options: TorrentOptions(), swarm: swarm, buffers: buffers))
    let all = Bitfield(count: torrent.geometry.pieceCount, filled: true)
    swarm.begin(content, wanted: all, verified: none)
    swarm.exchange.join(number, kind: .webSeed, now: .zero)
    swarm.exchange.has(number, all)
  }

  var verifier: PieceVerifier {
    guard let content = swarm.content else { preconditionFailure("the swarm has begun") }
    return content.verifier
  }

  /// The peers of all begun pieces leave, and their memory is given to another piece.
  func giveUp() {
    swarm.exchange.leave(number, now: .zero)
    let none = Bitfield(count: world.torrent.geometry.pieceCount)
    swarm.exchange.want(none, now: .zero)
    swarm.drain()
  }

  /// Lets all blocks of so many more pieces come, or only the first ones of each.
  func bring(_ count: Int, blocks: Int = .max) {
    for _ in 0..<count {
      guard let claim = swarm.exchange.pullRun(number, depth: 1000, now: .zero) else { return }
      swarm.drain()
      var left = blocks
      while left > 0, let block = swarm.exchange.nextOfRun(claim, for: number, now: .zero)?.block {
        guard let buffers = swarm.content?.buffers,
          case .direct(let place) = buffers.placement(of: block, .inPiece)
        else { return }
        let start = Int(world.torrent.geometry.offset(of: block.piece)) + block.offset
        place.copyMemory(
          from: Array(world.content[start..<start + block.length]), byteCount: block.length)
        swarm.exchange.arrived(block, from: number, isKept: true, now: .zero)
        swarm.drain()
        left -= 1
      }
    }
  }

  func isWritten(_ piece: PieceIndex) throws -> Bool {
    let block = world.torrent.geometry.block(0, of: piece)
    var bytes = [UInt8](repeating: 0, count: block.length)
    try bytes.withUnsafeMutableBytes { try storage.read(block: block, into: $0) }
    let start = Int(world.torrent.geometry.offset(of: piece))
    return bytes == Array(world.content[start..<start + block.length])
  }

  // MARK: - SwarmOwner

  var greeting: PeerGreeting {
    PeerGreeting(
      infoHash: world.torrent.infoHash, ownID: session.peerID, clock: world.clock)
  }

  func verified(_ piece: PieceIndex) { verified.append(piece) }

  func failed(_ piece: PieceIndex, senders: [Endpoint]) { failures += 1 }

  func finish(_ outcome: Result<Void, DownloadError>) { failures += 1 }

  func completed() {}

  func ranOutOfPeers() {}

  func gaveUpWebSeed() {}
}
