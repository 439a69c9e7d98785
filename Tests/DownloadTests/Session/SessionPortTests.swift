import Networking
import Primitives
import TestSupport
import Testing
import Tracker

@testable import Download

/// One number for TCP and UDP.
@Suite struct SessionPortTests {
  @Test @Reactor func tcpAndUDPHaveOneNumber() throws {
    let scene = SessionScene(seed: 1)
    let core = try scene.core()
    defer { core.close() }
    #expect(core.port != 0)
    #expect(core.datagramPort == core.port)
    #expect(throws: NetworkError.system(call: "bind", code: 98)) {
      try scene.host().bindDatagrams(
        at: Endpoint(address: SessionScene.address, port: core.port))
    }
  }

  @Test @Reactor func aNumberThatIsTakenForUDPIsPassedOver() throws {
    let scene = SessionScene(seed: 2)
    let first = try scene.core()
    let taken = (1...3).map { first.port + $0 }
    first.close()
    let others = try taken.map {
      try scene.host().bindDatagrams(at: Endpoint(address: SessionScene.address, port: $0))
    }
    let core = try scene.core()
    defer { core.close() }
    #expect(!taken.contains(core.port))
    #expect(core.datagramPort == core.port)
    for other in others { other.close() }
  }

  @Test @Reactor func aChosenPortThatIsTakenForTCPIsAnError() throws {
    let scene = SessionScene(seed: 3)
    let other = try scene.host().listen(at: Endpoint(address: SessionScene.address, port: 6881))
    #expect(throws: DownloadError.self) { try scene.core { $0.port = 6881 } }
    other.close()
    let core = try scene.core { $0.port = 6881 }
    #expect(core.port == 6881)
    core.close()
  }

  @Test @Reactor func aChosenPortThatIsTakenForUDPOnlyMovesUDP() throws {
    let scene = SessionScene(seed: 4)
    _ = try scene.host().bindDatagrams(at: Endpoint(address: SessionScene.address, port: 6881))
    let core = try scene.core { $0.port = 6881 }
    defer { core.close() }
    #expect(core.port == 6881)
    #expect(core.datagramPort != 6881)
  }

  @Test @Reactor func bothFamiliesShareTheNumberOnRealSockets() throws {
    var options = SessionOptions()
    options.listenAddresses = [.loopback4, .loopback6]
    let core = try SessionCore(options: options, environment: .live())
    defer { core.close() }
    #expect(core.listeningEndpoints.allSatisfy { $0.port == core.port })
    #expect(core.datagramPort == core.port)
  }

  @Test @Reactor func datagramsToTrackersLeaveFromThePort() async throws {
    let scene = SessionScene(seed: 5)
    let address = IPAddress.v4(0x0A4D_0050)
    let hash = try SessionScene.hash(1)
    let source = try await scene.simulation.run { () -> Endpoint? in
      let core = try scene.core()
      let tracker = try scene.host(address).bindDatagrams(
        at: Endpoint(address: address, port: 6969))
      return await withTaskGroup(of: Void.self) { group in
        group.addTask {
          // Nobody answers; the cancellation ends it.
          _ = try? await core.trackers.scrape(
            "udp://\(address):6969/announce", [hash], timeout: .seconds(5))
        }
        let batch = DatagramBatch()
        _ = await tracker.receiveNext(into: batch)
        group.cancelAll()
        core.close()
        return batch.datagrams.first?.source
      }
    }
    #expect(source == Endpoint(address: SessionScene.address, port: 49152))
  }
}
