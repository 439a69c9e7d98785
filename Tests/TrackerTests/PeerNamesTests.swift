import Networking
import Primitives
import TestSupport
import Testing

@testable import Tracker

/// A host whose name server takes its time.
@Reactor
private final class SlowNames: Network {
  private let network: any Network
  private let clock: any LoopClock
  /// The time that each name takes.
  var delay = Duration.zero
  /// The names that were asked for, in order.
  private(set) var asked: [String] = []
  private(set) var most = 0
  private var running = 0

  init(_ network: any Network, clock: any LoopClock) {
    self.network = network
    self.clock = clock
  }

  func resolve(host: String, port: UInt16) async throws(NetworkError) -> [Endpoint] {
    asked.append(host)
    running += 1
    most = max(most, running)
    defer { running -= 1 }
    if delay > .zero, await !clock.sleep(for: delay) { throw .cancelled }
    return try await network.resolve(host: host, port: port)
  }

  func connect(
    to endpoint: Endpoint, timeout: Duration
  ) async throws(NetworkError) -> any Transport {
    try await network.connect(to: endpoint, timeout: timeout)
  }

  func listen(at endpoint: Endpoint) throws(NetworkError) -> any Listener {
    try network.listen(at: endpoint)
  }

  func bindDatagrams(at endpoint: Endpoint) throws(NetworkError) -> any DatagramSocket {
    try network.bindDatagrams(at: endpoint)
  }

  func joinGroup(_ group: Endpoint) throws(NetworkError) -> any DatagramSocket {
    try network.joinGroup(group)
  }
}

/// Peers that trackers give by name.
@Suite(.timeLimit(.minutes(5))) struct PeerNamesTests {
  @Reactor
  private final class Scene {
    let clock: any LoopClock
    let names: PeerNames
    let network: SlowNames
    private(set) var found: [Endpoint] = []

    init(_ simulation: Simulation) {
      clock = simulation.clock
      simulation.network.setName("one.example", to: [.v4(0x0102_0304)])
      simulation.network.setName(
        "many.example",
        to: [.v4(0), .v4(.max), .v4(0xE000_0001)] + (1...20).map { .v4(0x0500_0000 + $0) })
      let network = SlowNames(simulation.network.host(.v4(0x0A4D_0001)), clock: simulation.clock)
      self.network = network
      names = PeerNames(network: network, clock: simulation.clock)
    }

    func collect() async {
      while let resolved = await names.next() { found += resolved.peers }
    }

    func add(_ hosts: String...) {
      names.add(hosts.map { AnnounceReply.NamedPeer(host: $0, port: 7) }, from: "tracker")
    }
  }

  private func simulate(_ body: @escaping @Sendable @Reactor (Scene) async throws -> Void)
    async throws
  {
    let simulation = await Simulation(seed: 5)
    try await simulation.run { @Reactor in
      let scene = Scene(simulation)
      try await withThrowingTaskGroup { group in
        group.addTask { await scene.collect() }
        defer { group.cancelAll() }
        try await body(scene)
      }
    }
  }

  @Test func namesBecomeAddressesOfPossiblePeers() async throws {
    try await simulate { scene in
      scene.add("one.example", "none.example", "many.example")
      await scene.clock.sleep(for: .seconds(1))
      #expect(
        scene.found
          == ["1.2.3.4:7", "5.0.0.1:7", "5.0.0.2:7", "5.0.0.3:7", "5.0.0.4:7"]
          .compactMap(Endpoint.init))
    }
  }

  @Test func oneNameIsLookedUpAtATimeAndFewWait() async throws {
    try await simulate { scene in
      scene.network.delay = .milliseconds(10)
      for number in 0..<100 { scene.add("n\(number).example", "n\(number).example") }
      await scene.clock.sleep(for: .seconds(10))
      #expect(scene.network.asked == (0..<32).map { "n\($0).example" })
      #expect(scene.network.most == 1)
      // Each name that is done makes room for another.
      scene.add("one.example")
      await scene.clock.sleep(for: .seconds(1))
      #expect(scene.found == [Endpoint("1.2.3.4:7")].compactMap { $0 })
    }
  }

  /// A name server that hangs holds up a thread that trackers need as well.
  @Test func afterASlowLookUpNamesAreLeftAlone() async throws {
    try await simulate { scene in
      scene.network.delay = .seconds(30)
      scene.add("one.example", "two.example")
      await scene.clock.sleep(for: .seconds(20))
      scene.add("one.example")
      await scene.clock.sleep(for: .seconds(40))
      #expect(scene.network.asked == ["one.example"] && scene.found.isEmpty)
      scene.network.delay = .zero
      await scene.clock.sleep(for: .seconds(6))
      scene.add("one.example")
      await scene.clock.sleep(for: .seconds(1))
      #expect(scene.found == [Endpoint("1.2.3.4:7")].compactMap { $0 })
    }
  }

  @Test func aLookUpEndsWithTheRun() async throws {
    let simulation = await Simulation(seed: 6)
    try await simulation.run { @Reactor in
      let scene = Scene(simulation)
      scene.network.delay = .seconds(4)
      await withTaskGroup { group in
        group.addTask { await scene.collect() }
        scene.add("one.example")
        await scene.clock.sleep(for: .seconds(1))
        let before = scene.clock.now
        group.cancelAll()
        await group.waitForAll()
        #expect(scene.clock.now == before)
      }
      // Another run goes on with the names that are left.
      scene.network.delay = .zero
      await withTaskGroup { group in
        group.addTask { await scene.collect() }
        await scene.clock.sleep(for: .seconds(1))
        group.cancelAll()
      }
      #expect(scene.found == [Endpoint("1.2.3.4:7")].compactMap { $0 })
    }
  }
}
