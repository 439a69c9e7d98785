import Foundation
import TestSupport
import Testing

/// Programs that we did not write download from `swift-torrent seed`.
@Suite(
  .serialized, .timeLimit(.minutes(5)),
  .enabled(if: InteropClients.areInstalled, "clients are missing; Tests/run installs them"))
struct SeedInteropTests {
  @Test(arguments: ReferenceClient.allCases)
  func everythingIsFetchedFromUs(_ leech: ReferenceClient) async throws {
    let shape = InteropPayload.Shape.folder([
      (path: "a.bin", size: 2_500_003), (path: "inner/b.bin", size: 40_001),
    ])
    try await InteropSwarm.with(shape, pieceLength: 64 << 10) { swarm, payload in
      let seed = try swarm.startSwiftTorrent(
        ["seed", payload.torrent, "-o", payload.folder, "--port", "6881"], label: "seed")
      try await swarm.waitForSeeds(1, of: payload, alive: seed)
      let target = try await swarm.leech(leech, payload)
      let isComplete = try await payload.isComplete(in: target)
      #expect(isComplete)
      seed.signal(SIGTERM)
      let ending = try await seed.wait(timeout: .seconds(4))
      #expect(ending == .signalled(SIGTERM), "\(seed.errors)")
    }
  }

  /// Neither of two partial seeds has everything, but both together have.
  @Test(arguments: ReferenceClient.allCases)
  func twoHalvesAreFetchedFromUs(_ leech: ReferenceClient) async throws {
    let shape = InteropPayload.Shape.folder([
      (path: "a.bin", size: 2_500_003), (path: "inner/b.bin", size: 40_001),
    ])
    try await InteropSwarm.with(shape, pieceLength: 64 << 10) { swarm, payload in
      let (manager, files) = (FileManager.default, payload.files.map(\.path))
      let (first, second) = ("\(swarm.folder.path)/first", "\(swarm.folder.path)/second")
      for half in [first, second] {
        try manager.createDirectory(atPath: half, withIntermediateDirectories: true)
        try manager.copyItem(
          atPath: "\(payload.folder)/\(payload.name)", toPath: "\(half)/\(payload.name)")
      }
      try manager.removeItem(atPath: "\(first)/\(files[1])")
      let file = try #require(FileHandle(forUpdatingAtPath: "\(second)/\(files[0])"))
      try file.write(contentsOf: Data(repeating: 0, count: 1_500_000))
      try file.close()
      var seeds: [ChildProcess] = []
      for (number, half) in [first, second].enumerated() {
        let seed = try swarm.startSwiftTorrent(
          ["seed", payload.torrent, "-o", half, "--port", "\(6881 + number)", "--json"],
          label: "half\(number)")
        try await Condition.wait("the tracker knows half \(number)", timeout: .seconds(30)) {
          seed.output.contains(#""state":"working""#) || !seed.isRunning
        }
        #expect(seed.output.contains(#""partial":true"#), "\(seed.output)\(seed.errors)")
        seeds.append(seed)
      }
      let known = try await swarm.seedCount(payload)
      #expect(known == 0, "a partial seed is no seed to a tracker")
      let target = try await swarm.leech(leech, payload)
      let isComplete = try await payload.isComplete(in: target)
      #expect(isComplete)
      for seed in seeds {
        seed.signal(SIGTERM)
        let ending = try await seed.wait(timeout: .seconds(4))
        #expect(ending == .signalled(SIGTERM), "\(seed.errors)")
        let fetched = seed.output.components(separatedBy: #""downloaded_bytes":"#).dropFirst()
        #expect(!fetched.isEmpty)
        #expect(fetched.allSatisfy { $0.prefix(while: \.isNumber) == "0" }, "\(seed.output)")
      }
    }
  }
}
