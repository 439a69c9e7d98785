import TestSupport
import Testing

/// Proves the harness itself: programs that we did not write exchange data through opentracker, so
/// that a failure of the other suites is ours.
@Suite(
  .serialized, .timeLimit(.minutes(3)),
  .enabled(if: InteropClients.areInstalled, "clients are missing; Tests/run installs them"))
struct ReferenceClientTests {
  @Test(arguments: [
    (ReferenceClient.libtorrent, ReferenceClient.aria2), (.aria2, .transmission),
    (.transmission, .libtorrent),
  ])
  func referenceClientsServeEachOther(seed: ReferenceClient, leech: ReferenceClient) async throws {
    try await InteropSwarm.with(.singleFile(size: 1_234_567), pieceLength: 65536) {
      swarm, payload in
      try await swarm.startSeed(seed, payload)
      let target = try await swarm.leech(leech, payload)
      let isComplete = try await payload.isComplete(in: target)
      #expect(isComplete)
    }
  }
}
