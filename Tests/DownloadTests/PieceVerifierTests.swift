import Metainfo
import Networking
import PeerWire
import Primitives
import Storage
import Swarm
import TestSupport
import Testing

@testable import Download

/// Where and when pieces that have come in are hashed.
@Suite(.serialized) struct PieceVerifierTests {
  @Test func aFullBatchIsHashedAndWrittenInTheSameTurn() async throws {
    try await Self.onReactor { @Reactor in
      let bench = try VerifierBench(hashesOnLoop: true)
      bench.bring(15)
      bench.verifier.processFullBatches()
      #expect(bench.verdicts.isEmpty, "a lane is free")
      bench.bring(2)
      bench.verifier.processFullBatches()
      #expect(bench.verdicts.map(\.isGood) == Array(repeating: true, count: 16))
      #expect(bench.verdicts.allSatisfy { $0.failure == nil })
      for verdict in bench.verdicts {
        #expect(try bench.isWritten(verdict.piece))
      }
    }
  }

  @Test func whereWorkersHashTheLoopDoesNot() async throws {
    try await Self.onReactor { @Reactor in
      let bench = try VerifierBench(hashesOnLoop: false)
      bench.bring(17)
      bench.verifier.processFullBatches()
      #expect(bench.verdicts.isEmpty)
    }
  }

  /// Its peers leave while it waits for company, and another needs its memory.
  @Test func aPieceThatIsGivenUpWhileItWaitsIsNotHashed() async throws {
    let swarm = try await SimulatedSwarm(seed: 6, size: 4 << 20, pieceLength: 1 << 20)
    let count = try await swarm.simulation.run { @Reactor in
      let bench = try VerifierBench(hashesOnLoop: false, swarm: swarm)
      bench.bring(1, blocks: 8)
      bench.giveUp(PieceIndex(0))
      return await withTaskGroup(of: Void.self) { group in
        group.addTask { await bench.verifier.run(lane: 0) }
        await swarm.clock.sleep(for: .seconds(1))
        bench.verifier.close()
        return bench.verdicts.count
      }
    }
    #expect(count == 0)
  }

  private static func onReactor(_ body: @Reactor () throws -> Void) async throws {
    try await body()
  }
}

/// A verifier with its board and files, and a peer that brings whole pieces.
@Reactor
private final class VerifierBench: LaneWorker {
  let number = PeerNumber(1)
  let depth = 1000
  let laneWakeup = Wakeup()
  var isIdle = false
  private let swarm: SimulatedSwarm
  private let storage: TorrentStorage
  private let work: PieceWork
  let verifier: PieceVerifier
  private(set) var verdicts: [PieceVerifier.Verdict] = []

  init(hashesOnLoop: Bool, swarm given: SimulatedSwarm? = nil) throws {
    swarm = try given ?? SimulatedSwarm(seed: 5, size: 20 << 15, pieceLength: 1 << 15)
    let torrent = swarm.torrent
    var environment = swarm.environment()
    environment.hashesOnLoop = hashesOnLoop
    storage = TorrentStorage(torrent: torrent, folder: "/out", fileSystem: swarm.files)
    _ = try storage.inspect()
    let count = torrent.geometry.pieceCount
    try storage.prepare(verified: Bitfield(count: count))
    work = PieceWork(
      geometry: torrent.geometry, verified: Bitfield(count: count),
      wanted: Bitfield(count: count, filled: true), memoryLimit: 64 << 20, isSequential: true,
      random: SeededRandom(seed: 1), clock: environment.clock)
    verifier = PieceVerifier(
      torrent: torrent, storage: storage, work: work, environment: environment)
    work.pieceCompleted = { [unowned self] in verifier.submit($0, isUrgent: $1) }
    work.pieceAdvanced = { [unowned self] in verifier.advanced($0) }
    verifier.judged = { [unowned self] in verdicts.append($0) }
    work.joined(number)
    work.has(number, Bitfield(count: count, filled: true))
  }

  func reportRate(now: Instant) {}

  /// A piece's memory is given to another.
  func giveUp(_ piece: PieceIndex) {
    verifier.forget(piece)
    work.buffers.release(piece)
  }

  /// All blocks of so many more pieces come, or the first ones.
  func bring(_ count: Int, blocks: Int = .max) {
    for _ in 0..<count {
      guard let claim = work.claim(for: self, now: .zero) else { return }
      var left = blocks
      while left > 0, let block = work.nextRequest(of: claim, for: number, now: .zero)?.block {
        guard case .direct(let place) = work.placement(of: block, isDuplicate: false) else {
          return
        }
        let start = Int(work.geometry.offset(of: block.piece)) + block.offset
        place.copyMemory(
          from: Array(swarm.content[start..<start + block.length]), byteCount: block.length)
        _ = work.received(block, from: number, aside: nil)
        left -= 1
      }
    }
  }

  func isWritten(_ piece: PieceIndex) throws -> Bool {
    let block = work.geometry.block(0, of: piece)
    var bytes = [UInt8](repeating: 0, count: block.length)
    try bytes.withUnsafeMutableBytes { try storage.read(block: block, into: $0) }
    let start = Int(work.geometry.offset(of: piece))
    return bytes == Array(swarm.content[start..<start + block.length])
  }
}
