import Networking
import Primitives
import TestSupport
import Testing
import Tracker

@testable import Download

/// One number for TCP and UDP.
@Suite struct SessionPortTests {
  /// The UDP port that a session's event tells.
  @Reactor private func datagramPort(of core: SessionCore) -> UInt16? {
    guard case .listening(core.port, let port, _) = core.listening else { return nil }
    return port
  }

  @Test @Reactor func tcpAndUDPHaveOneNumber() throws {
    let scene = SessionScene(seed: 1)
    let core = try scene.core()
    defer { core.close() }
    #expect(core.port != 0)
    #expect(datagramPort(of: core) == core.port)
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
    #expect(datagramPort(of: core) == core.port)
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
    #expect(datagramPort(of: core) == 49152)
  }

  @Test @Reactor func aNumberThatIsTakenInOneFamilyIsKeptInTheOther() throws {
    let scene = SessionScene(seed: 6)
    let (port, hub) = try port(of: scene)
    defer { port.close() }
    try hub.open(at: SessionScene.address, port: 6881)
    #expect(port.datagramPort == 6881)
    #expect(!port.hasTwoDatagramPorts)
    scene.simulation.network.add(.loopback6, to: scene.host())
    try hub.open(at: .loopback6, port: 7000)
    #expect(port.datagramPort == 7000)
    #expect(port.hasTwoDatagramPorts)
  }

  @Test @Reactor func aHostWithoutUDPHasNoDatagramPort() throws {
    let (port, _) = try port(of: SessionScene(seed: 7))
    defer { port.close() }
    #expect(port.datagramPort == nil)
    #expect(!port.hasTwoDatagramPorts)
  }

  /// Listens at 6881, without UDP.
  @Reactor private func port(of scene: SessionScene) throws -> (SessionPort, DatagramHub) {
    let listener = try scene.host().listen(
      at: Endpoint(address: SessionScene.address, port: 6881))
    let hub = DatagramHub(network: scene.host(), clock: scene.clock)
    return (SessionPort(listeners: [listener], datagrams: hub), hub)
  }

  @Test @Reactor func bothFamiliesShareTheNumberOnRealSockets() throws {
    var options = SessionOptions()
    options.listenAddresses = [.loopback4, .loopback6]
    let core = try SessionCore(options: options, environment: .live())
    defer { core.close() }
    #expect(core.listeningEndpoints.allSatisfy { $0.port == core.port })
    #expect(datagramPort(of: core) == core.port)
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
