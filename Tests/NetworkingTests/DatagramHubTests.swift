import Networking
import Primitives
import TestSupport
import Testing

/// Sockets that several protocols share.
@Suite struct DatagramHubTests {
  private static let address = IPAddress.v4(0x0A00_0001)
  private static let address6 = IPAddress.v6(high: 0xFD00 << 48, low: 1)
  private static let sender = IPAddress.v4(0x0A00_0002)

  @Reactor private final class Receiver: DatagramReceiver {
    private(set) var all: [[UInt8]] = []
    let arrival = Wakeup()

    func received(_ datagrams: [Datagram]) {
      all += datagrams.map(\.bytes)
      arrival.fire()
    }
  }

  @Test @Reactor func theFirstByteTellsWhoseADatagramIs() async throws {
    let simulation = Simulation(seed: 1)
    try await simulation.run {
      let hub = DatagramHub(network: simulation.network.host(Self.address), clock: simulation.clock)
      try hub.open(at: [Self.address], port: 6881)
      let (table, trackers) = (Receiver(), Receiver())
      hub.attach(table, for: .dht)
      hub.attach(trackers, for: .tracker)
      let other = try simulation.network.host(Self.sender).bindDatagrams(
        at: Endpoint(address: Self.sender, port: 1))
      let own = Endpoint(address: Self.address, port: 6881)
      for bytes in [Array("d1:x".utf8), [0, 0, 0, 1], [], Array("de".utf8)] {
        other.send(bytes, to: own)
      }
      await simulation.clock.sleep(for: .seconds(1))
      #expect(table.all == [Array("d1:x".utf8), Array("de".utf8)])
      #expect(trackers.all == [[0, 0, 0, 1], []])
      // A receiver that nobody has replaced is detached; another one's place stays.
      hub.detach(trackers, from: .dht)
      hub.detach(trackers, from: .tracker)
      other.send([0], to: own)
      other.send(Array("d".utf8), to: own)
      await simulation.clock.sleep(for: .seconds(1))
      #expect(trackers.all.count == 2)
      #expect(table.all.count == 3)
      hub.close()
    }
  }

  /// Only one notification is given, however many datagrams arrive: more than one turn receives.
  @Test(.timeLimit(.minutes(1))) @Reactor func aFloodArrivesWhole() async throws {
    let hub = DatagramHub(network: LiveNetwork(), clock: ReactorClock())
    defer { hub.close() }
    try hub.open(at: .loopback4, port: 0)
    let own = try #require(hub.local(isIPv6: false))
    let receiver = Receiver()
    hub.attach(receiver, for: .tracker)
    // The loop hears of no datagram before all are there.
    for number in 0..<200 { hub.send([0, UInt8(number)], to: own) }
    while receiver.all.count < 200, await receiver.arrival.wait() {}
    #expect(receiver.all.map { Int($0[1]) } == Array(0..<200))
  }

  @Test @Reactor func eachFamilyHasOneSocketAtOneNumber() throws {
    let simulation = Simulation(seed: 3)
    let host = simulation.network.host(Self.address)
    simulation.network.add(Self.address6, to: host)
    let hub = DatagramHub(network: host, clock: simulation.clock)
    #expect(hub.send([0], to: Endpoint(address: Self.sender, port: 1)) == .closed)
    try hub.open(at: [.any4, .any6, .any4], port: 6881)
    #expect(hub.locals.map(\.port) == [6881, 6881])
    #expect(hub.locals.map(\.address) == [Self.address, Self.address6])
    #expect(hub.send([0], to: Endpoint(address: Self.sender, port: 1)) == .bytes(1))
    hub.close()
    #expect(hub.locals.isEmpty)
    // A late request does not open them again.
    #expect(throws: NetworkError.cancelled) { try hub.open(at: .any4, port: 0) }
  }
}
