import Networking
import Primitives
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5)))
struct SimulationTests {
  private static let one = IPAddress.v4(0x0A00_0001)
  private static let two = IPAddress.v4(0x0A00_0002)

  @Test @Reactor func sleepingTakesVirtualTimeOnly() async throws {
    let simulation = Simulation(seed: 1)
    let start = ReactorClock().now
    let slept = try await simulation.run {
      let before = simulation.clock.now
      await simulation.clock.sleep(for: .seconds(3600))
      return simulation.clock.now - before
    }
    #expect(slept == .seconds(3600))
    #expect(ReactorClock().now - start < .seconds(300))
  }

  @Test @Reactor func sleepersWakeInTheOrderOfTheirDeadlines() async throws {
    let simulation = Simulation(seed: 1)
    let log = Log()
    try await simulation.run {
      await withTaskGroup(of: Void.self) { group in
        for number in [3, 1, 2] {
          group.addTask { await sleepThenLog(number, simulation.clock, log) }
        }
      }
    }
    #expect(log.numbers == [1, 2, 3])
  }

  @Test @Reactor func aBodyThatWaitsForNothingIsFoundOut() async {
    let simulation = Simulation(seed: 7)
    await #expect(throws: SimulationError.standsStill(seed: 7, after: .seconds(5))) {
      try await simulation.run {
        await simulation.clock.sleep(for: .seconds(5))
        await Wakeup().wait()
      }
    }
  }

  @Test @Reactor func theVirtualDeadlineEndsTheRun() async {
    let simulation = Simulation(seed: 7)
    await #expect(throws: SimulationError.tookTooLong(seed: 7, after: .seconds(60))) {
      try await simulation.run(deadline: .seconds(60)) {
        while await simulation.clock.sleep(for: .seconds(1)) {}
      }
    }
  }

  @Test @Reactor func theBoundOfEventsEndsTheRun() async {
    let simulation = Simulation(seed: 7)
    await #expect(throws: SimulationError.tooManyEvents(seed: 7, after: .seconds(100))) {
      try await simulation.run(maximumEvents: 100) {
        while await simulation.clock.sleep(for: .seconds(1)) {}
      }
    }
  }

  @Test @Reactor func anErrorOfTheBodyComesOut() async {
    let simulation = Simulation(seed: 1)
    await #expect(throws: NetworkError.unknownHost("nowhere")) {
      try await simulation.run {
        _ = try await simulation.network.host(Self.one).resolve(host: "nowhere", port: 1)
      }
    }
  }

  @Test @Reactor func aRoundTripTakesFourLatencies() async throws {
    let simulation = Simulation(seed: 1)
    let options = SimulatedHost.Options(latency: .milliseconds(50))
    let client = simulation.network.host(Self.one, options: options)
    let server = simulation.network.host(Self.two, options: options)
    let times = try await simulation.run {
      let start = simulation.clock.now
      let (near, far) = try await connected(client, to: server)
      let established = simulation.clock.now - start
      _ = await near.writeAll([1])
      _ = await far.readAll(upTo: 1)
      return [established, simulation.clock.now - start]
    }
    #expect(times == [.milliseconds(200), .milliseconds(300)])
  }

  @Test(arguments: [(1_000_000, nil), (nil, 1_000_000), (1_000_000, 4_000_000)] as [(Int?, Int?)])
  @Reactor func theSlowerLinkSetsTheRate(upload: Int?, download: Int?) async throws {
    let simulation = Simulation(seed: 1)
    let client = simulation.network.host(
      Self.one, options: .init(latency: .zero, uploadRate: upload))
    let server = simulation.network.host(
      Self.two, options: .init(latency: .zero, downloadRate: download))
    let seconds = try await simulation.run {
      let (near, far) = try await connected(client, to: server)
      let start = simulation.clock.now
      async let sent = near.writeAll(pattern(2_000_000))
      let received = await far.readAll(upTo: 2_000_000).bytes
      #expect(received == pattern(2_000_000))
      #expect(await sent)
      return (simulation.clock.now - start).inSeconds
    }
    #expect(abs(seconds - 2) < 0.02)
  }

  @Test @Reactor func connectionsShareAnUplinkEvenly() async throws {
    let simulation = Simulation(seed: 1)
    let client = simulation.network.host(Self.one, options: .init(uploadRate: 1_000_000))
    let server = simulation.network.host(Self.two)
    let received: [Int] = try await simulation.run {
      let first = try await connected(client, to: server)
      let second = try await connected(client, to: server)
      return await withTaskGroup(of: Int.self) { group in
        for pair in [first, second] {
          group.addTask {
            _ = await pair.0.writeAll(pattern(5_000_000))
            return 0
          }
          group.addTask { await pair.1.readAll(upTo: 5_000_000).bytes.count }
        }
        await simulation.clock.sleep(for: .seconds(4))
        group.cancelAll()
        var counts: [Int] = []
        for await count in group where count > 0 { counts.append(count) }
        return counts
      }
    }
    #expect(received.count == 2)
    for count in received { #expect(abs(count - 2_000_000) < 100_000) }
  }

  @Test @Reactor func aFullBufferBlocksTheWriter() async throws {
    let simulation = Simulation(seed: 1)
    simulation.network.cutsTransfers = false
    let client = simulation.network.host(Self.one, options: .init(bufferSize: 1000))
    let server = simulation.network.host(Self.two)
    try await simulation.run {
      let (near, far) = try await connected(client, to: server)
      var bytes = pattern(1500)
      #expect(near.write(&bytes) == .bytes(1000))
      #expect(near.write(&bytes) == .wouldBlock)
      _ = await far.readAll(upTo: 300)
      await near.waitUntilWritable()
      #expect(near.write(&bytes) == .bytes(300))
    }
  }

  @Test @Reactor func connectingWhereNobodyListensIsRefused() async throws {
    let simulation = Simulation(seed: 1)
    let client = simulation.network.host(Self.one)
    _ = simulation.network.host(Self.two)
    await #expect(throws: NetworkError.system(call: "connect", code: 111)) {
      try await simulation.run {
        _ = try await client.connect(
          to: Endpoint(address: Self.two, port: 9), timeout: .seconds(10))
      }
    }
  }

  @Test @Reactor func connectingToADeadHostTimesOut() async throws {
    let simulation = Simulation(seed: 1)
    let client = simulation.network.host(Self.one)
    let waited = try await simulation.run {
      let start = simulation.clock.now
      await #expect(throws: NetworkError.timedOut) {
        _ = try await client.connect(
          to: Endpoint(address: Self.two, port: 9), timeout: .seconds(10))
      }
      return simulation.clock.now - start
    }
    #expect(waited == .seconds(10))
  }

  @Test @Reactor func aHostThatDisappearsResetsItsConnectionsAndMayComeBack() async throws {
    let simulation = Simulation(seed: 1)
    let client = simulation.network.host(Self.one)
    let server = simulation.network.host(Self.two)
    try await simulation.run {
      let listener = try server.listen(at: Endpoint(address: Self.two, port: 80))
      let transport = try await client.connect(to: listener.endpoint, timeout: .seconds(1))
      server.disappear()
      #expect(await transport.readAll().end == .failed(104))
      await #expect(throws: NetworkError.timedOut) {
        _ = try await client.connect(to: listener.endpoint, timeout: .seconds(1))
      }
      server.appear()
      _ = try await client.connect(to: listener.endpoint, timeout: .seconds(1))
    }
  }

  @Test @Reactor func aHostThatDisappearsSilentlyIsNoticedByNobody() async throws {
    let simulation = Simulation(seed: 1)
    let client = simulation.network.host(Self.one)
    let server = simulation.network.host(Self.two)
    try await simulation.run {
      let (near, far) = try await connected(client, to: server)
      server.disappear(silently: true)
      #expect(await far.writeAll([1]) == false)
      #expect(await near.writeAll([1]))
      await simulation.clock.sleep(for: .seconds(3600))
      var buffer = [UInt8](repeating: 0, count: 1)
      #expect(near.read(&buffer, count: 1) == .wouldBlock)
      near.close()
    }
  }

  @Test @Reactor func namesLeadToTheirHosts() async throws {
    let simulation = Simulation(seed: 1)
    simulation.network.setName("tracker.example", to: [Self.two])
    let endpoints = try await simulation.run {
      try await simulation.network.host(Self.one).resolve(host: "tracker.example", port: 80)
    }
    #expect(endpoints == [Endpoint(address: Self.two, port: 80)])
  }

  @Test @Reactor func worldsSideBySideDoNotDisturbEachOther() async throws {
    let alone = try await busyWorld(seed: 9)
    async let first = busyWorld(seed: 9)
    async let second = busyWorld(seed: 10)
    async let third = busyWorld(seed: 9)
    #expect(try await first == alone)
    #expect(try await second != alone)
    #expect(try await third == alone)
  }

  @Test @Reactor func closingComesAfterTheData() async throws {
    let simulation = Simulation(seed: 3)
    let client = simulation.network.host(Self.one, options: .init(uploadRate: 100_000))
    let server = simulation.network.host(Self.two)
    try await simulation.run {
      let (near, far) = try await connected(client, to: server)
      #expect(await near.writeAll(pattern(100_000)))
      near.close()
      let (bytes, end) = await far.readAll()
      #expect(bytes == pattern(100_000))
      #expect(end == .closed)
    }
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  @Reactor func theSameSeedGivesTheSameRun(seed: UInt64) async throws {
    let first = try await busyWorld(seed: seed)
    let second = try await busyWorld(seed: seed)
    #expect(first == second)
    #expect(first.count > 200)
    #expect(try await busyWorld(seed: seed + 100).hash != first.hash)
  }

  /// Twenty clients that exchange data with a server over links of different kinds.
  @Reactor private func busyWorld(seed: UInt64) async throws -> EventTrace {
    let simulation = Simulation(seed: seed)
    let server = simulation.network.host(Self.two, options: .init(uploadRate: 5_000_000))
    var random = simulation.makeRandom()
    let clients = (1...20).map { number in
      simulation.network.host(
        .v4(0x0A00_0100 + UInt32(number)),
        options: .init(latency: .milliseconds(Int.random(in: 1...100, using: &random))))
    }
    try await simulation.run {
      let listener = try server.listen(at: Endpoint(address: Self.two, port: 80))
      let endpoint = listener.endpoint
      async let served: Void = serveEcho(20, at: listener)
      await withTaskGroup(of: Bool.self) { group in
        for client in clients {
          group.addTask { await sendAndCompare(pattern(5000), through: client, to: endpoint) }
        }
        for await result in group { #expect(result) }
      }
      await served
    }
    return simulation.network.trace
  }
}

@Reactor
private func connected(
  _ client: SimulatedHost, to server: SimulatedHost
) async throws -> (any Transport, any Transport) {
  let listener = try server.listen(at: Endpoint(address: server.address, port: 0))
  let near = try await client.connect(to: listener.endpoint, timeout: .seconds(60))
  let far = try #require(await listener.accept())
  listener.close()
  return (near, far)
}

@Reactor
private func sleepThenLog(_ number: Int, _ clock: any LoopClock, _ log: Log) async {
  await clock.sleep(for: .seconds(number))
  log.numbers.append(number)
}
