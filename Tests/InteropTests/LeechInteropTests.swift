import Foundation
import TestSupport
import Testing

/// One case of the matrix: a seed, and the torrent that it seeds.
struct LeechCase: Sendable, CustomTestStringConvertible {
  let seed: ReferenceClient
  let shape: InteropPayload.Shape
  let pieceLength: Int

  var testDescription: String {
    "\(seed.rawValue), pieces of \(pieceLength >> 10) KiB, \(shape)"
  }

  /// A top folder with a sub-folder, an empty file, and borders that no piece shares.
  private static let smallFolder = InteropPayload.Shape.folder([
    (path: "first.bin", size: 700_001), (path: "empty", size: 0),
    (path: "inner/second.bin", size: 33), (path: "inner/third.bin", size: 1_300_007),
  ])

  static let all: [LeechCase] = [
    LeechCase(seed: .aria2, shape: .singleFile(size: 1_000_003), pieceLength: 16 << 10),
    LeechCase(seed: .aria2, shape: smallFolder, pieceLength: 256 << 10),
    LeechCase(seed: .aria2, shape: .singleFile(size: 21_000_001), pieceLength: 4 << 20),
    LeechCase(seed: .transmission, shape: .singleFile(size: 3_000_017), pieceLength: 64 << 10),
    LeechCase(seed: .transmission, shape: smallFolder, pieceLength: 16 << 10),
    LeechCase(seed: .transmission, shape: .singleFile(size: 9_000_011), pieceLength: 1 << 20),
    LeechCase(seed: .libtorrent, shape: .singleFile(size: 5_000_011), pieceLength: 16 << 10),
    LeechCase(seed: .libtorrent, shape: smallFolder, pieceLength: 32 << 10),
    LeechCase(seed: .libtorrent, shape: .singleFile(size: 13_000_027), pieceLength: 4 << 20),
  ]
}

/// Our program downloads from programs that we did not write, found through a real tracker.
@Suite(
  .serialized, .timeLimit(.minutes(5)),
  .enabled(if: InteropClients.areInstalled, "clients are missing; Tests/run installs them"))
struct LeechInteropTests {
  @Test(arguments: LeechCase.all)
  func everythingIsFetchedFromOneSeed(_ example: LeechCase) async throws {
    try await InteropSwarm.with(example.shape, pieceLength: example.pieceLength) {
      swarm, payload in
      try await swarm.startSeed(example.seed, payload)
      let target = try swarm.folder.makeFolder("out")
      let process = try swarm.startSwiftTorrent([payload.torrent, "-o", target], label: "leech")
      let ending = try await process.wait(timeout: .seconds(60))
      #expect(ending == .exited(0), "\(process.errors)")
      let isComplete = try await payload.isComplete(in: target)
      #expect(isComplete)
      let left = try FileManager.default.contentsOfDirectory(atPath: target)
      #expect(left == [payload.name], "nothing else is left behind")
    }
  }

  @Test func aSeedThatDiesInTheMiddleDoesNoHarm() async throws {
    // Large enough that even a client which does not keep to its limit leaves time for the kill.
    let size = 80_000_029
    try await InteropSwarm.with(.singleFile(size: size), pieceLength: 256 << 10) {
      swarm, payload in
      let limit = 1024
      try await swarm.startSeed(.aria2, payload, uploadLimit: limit, count: 1)
      try await swarm.startSeed(.transmission, payload, uploadLimit: limit, count: 2)
      let victim = try await swarm.startSeed(.libtorrent, payload, uploadLimit: limit, count: 3)
      let target = try swarm.folder.makeFolder("out")
      let process = try swarm.startSwiftTorrent([payload.torrent, "-o", target], label: "leech")
      try await Condition.wait("the victim has given 256 KiB", timeout: .seconds(30)) {
        let line = victim.output.split(separator: "\n").last ?? ""
        return Int(line.split(separator: " ").last ?? "0") ?? 0 >= 256 << 10
      }
      #expect(process.isRunning, "the victim dies in the middle")
      victim.signal(SIGKILL)
      let ending = try await process.wait(timeout: .seconds(60))
      #expect(ending == .exited(0), "\(process.errors)")
      let isComplete = try await payload.isComplete(in: target)
      #expect(isComplete)
    }
  }

  @Test func aLeechThatStartsFirstFinishesSoonAfterItsSeed() async throws {
    try await InteropSwarm.with(.singleFile(size: 1_000_003), pieceLength: 64 << 10) {
      swarm, payload in
      let target = try swarm.folder.makeFolder("out")
      let process = try swarm.startSwiftTorrent([payload.torrent, "-o", target], label: "leech")
      try await Condition.wait("the leech has started", timeout: .seconds(10)) {
        !process.errors.isEmpty || !process.isRunning
      }
      try await swarm.startSeed(.libtorrent, payload)
      // A tracker at a private address is asked every five seconds while no peer is known.
      let ending = try await process.wait(timeout: .seconds(15))
      #expect(ending == .exited(0), "\(process.errors)")
      let isComplete = try await payload.isComplete(in: target)
      #expect(isComplete)
    }
  }
}
