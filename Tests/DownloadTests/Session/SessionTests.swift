import Networking
import Primitives
import TestSupport
import Testing

@testable import Download

/// The life of a session.
@Suite(.timeLimit(.minutes(5))) struct SessionTests {
  private struct Failure: Error {}

  @Test func aSessionEndsWithItsBody() async throws {
    let scene = await SessionScene(seed: 1)
    try await scene.simulation.run {
      for _ in 0..<2 {
        var options = SessionSettings()
        options.port = 6881
        options.listenAddresses = [SessionScene.address]
        options.dht = DHTOptions()
        options.dht?.routers = []
        // The second one finds the port free again.
        let port = try await withSession(options, environment: { scene.environment() }) { session in
          let joiner = FakeMember(try SessionScene.hash(1))
          #expect(session.core.join(joiner))
          await scene.clock.sleep(for: .seconds(100))
          return session.core.port
        }
        #expect(port == 6881)
        await #expect(throws: Failure.self) {
          try await withSession(options, environment: { scene.environment() }) { _ in
            throw Failure()
          }
        }
      }
    }
  }

  @Test func aCancelledBodyEndsItsSession() async throws {
    let scene = await SessionScene(seed: 2)
    try await scene.simulation.run {
      var options = SessionSettings()
      options.port = 6881
      options.listenAddresses = [SessionScene.address]
      let settings = options
      await withTaskGroup(of: Void.self) { group in
        group.addTask {
          _ = try? await withSession(settings, environment: { scene.environment() }) { _ in
            await scene.clock.sleep(for: .seconds(1_000_000))
          }
        }
        await scene.clock.sleep(for: .seconds(10))
        group.cancelAll()
      }
      let core = try scene.core { $0.port = 6881 }
      core.close()
    }
  }

  @Test func aPortThatIsTakenIsTheCallersError() async throws {
    let scene = await SessionScene(seed: 3)
    try await scene.simulation.run {
      let core = try scene.core { $0.port = 6881 }
      var options = SessionSettings()
      options.port = 6881
      options.listenAddresses = [SessionScene.address]
      await #expect(throws: DownloadError.self) {
        try await withSession(options, environment: { scene.environment() }) { _ in }
      }
      core.close()
    }
  }
}
