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
}
