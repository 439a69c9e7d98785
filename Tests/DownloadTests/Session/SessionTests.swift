import Networking
import Primitives
import TestSupport
import Testing

@testable import Download

/// The life of a session.
@Suite(.timeLimit(.minutes(5))) struct SessionTests {
  private static let own = Endpoint(address: SessionScene.address, port: 6881)

  private static var options: SessionOptions {
    var options = SessionOptions()
    options.port = own.port
    options.listenAddresses = [own.address]
    options.dht = DHTOptions()
    options.dht?.routers = []
    return options
  }

  /// True if somebody listens at the session's port.
  @Reactor private static func isOpen(_ scene: SessionScene) async -> Bool {
    do {
      try await scene.host(.v4(0x0A4D_0002)).connect(to: own, timeout: .seconds(5)).close()
      return true
    } catch {
      return false
    }
  }

  /// True if somebody has the UDP port of that number.
  @Reactor private static func hasDatagrams(_ scene: SessionScene) -> Bool {
    do {
      try scene.host().bindDatagrams(at: own).close()
      return false
    } catch {
      return true
    }
  }

  @Test func aSessionLastsAsLongAsItsBody() async throws {
    let scene = await SessionScene(seed: 1)
    try await scene.simulation.run {
      // The second one finds the port free again.
      for _ in 0..<2 {
        #expect(await !Self.isOpen(scene))
        let wasOpen = try await withSession(
          Self.options, environment: { scene.environment() }
        ) { _ in
          await scene.clock.sleep(for: .seconds(100))
          return await Self.isOpen(scene)
        }
        #expect(wasOpen)
      }
      #expect(await !Self.isOpen(scene))
      #expect(!Self.hasDatagrams(scene))
    }
  }

  /// A cancelled body may still need the UDP sockets for its farewells.
  @Test func aCancelledSessionIsClosedWhenItsBodyEnds() async throws {
    let scene = await SessionScene(seed: 2)
    try await scene.simulation.run {
      await withTaskGroup(of: Void.self) { group in
        group.addTask {
          do {
            try await withSession(Self.options, environment: { scene.environment() }) { _ in
              await scene.clock.sleep(for: .seconds(1_000_000))
              #expect(await Self.hasDatagrams(scene))
            }
          } catch {
            Issue.record(error)
          }
        }
        await scene.clock.sleep(for: .seconds(10))
        #expect(await Self.isOpen(scene))
        group.cancelAll()
      }
      #expect(await !Self.isOpen(scene))
      #expect(scene.clock.now - SimulatedClock.origin < .seconds(100))
      #expect(!Self.hasDatagrams(scene))
    }
  }

  @Test func aPortThatIsTakenIsTheCallersError() async throws {
    let scene = await SessionScene(seed: 3)
    try await scene.simulation.run {
      let listener = try scene.host().listen(at: Self.own)
      await #expect(throws: DownloadError.self) {
        try await withSession(Self.options, environment: { scene.environment() }) { _ in }
      }
      listener.close()
    }
  }
}
