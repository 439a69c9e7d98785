import Platform
import Primitives
import Testing

/// The tracker as a service: its end, and the reasons why it cannot begin.
@Suite struct TrackerServiceTests {
  private static let anyPort = Endpoint(address: .v4(0x7F00_0001), port: 0)

  @Test func itListensUntilItIsStopped() async throws {
    let tracker = TrackerService(endpoint: Self.anyPort)
    let (places, continuation) = AsyncStream.makeStream(of: Endpoint.self)
    try await tracker.run { place in
      continuation.yield(place)
      continuation.finish()
      tracker.stop()
    }
    let place = await places.first { _ in true }
    #expect(place?.address == Self.anyPort.address)
    #expect(place?.port != 0)
  }

  @Test func oneThatIsStoppedBeforeItRunsEndsAtOnce() async throws {
    let tracker = TrackerService(endpoint: Self.anyPort)
    tracker.stop()
    try await tracker.run { _ in }
  }

  @Test func anAddressOfAnotherMachineIsRefused() async {
    let place = Endpoint(address: .v4(0xC000_0201), port: 0)
    await #expect(throws: TrackerService.ListenFailure.self) {
      try await TrackerService(endpoint: place).run { _ in }
    }
  }
}
