import Networking
import Primitives
import TestSupport
import Testing

@testable import Download

/// Two sessions on one local network.
@Suite(.timeLimit(.minutes(5))) struct SessionDiscoveryTests {
  private static let otherAddress = IPAddress.v4(0x0A4D_0002)

  @Reactor private struct Pair {
    let scene: SessionScene
    let cores: [SessionCore]

    init(seed: UInt64) throws {
      scene = SessionScene(seed: seed)
      cores = [
        try scene.core { $0.port = 7000 },
        try scene.core(at: otherAddress) { $0.port = 7001 },
      ]
    }

    func run<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
      defer { for core in cores { core.close() } }
      return try await scene.run(cores, body)
    }

    func sleep(_ seconds: Int) async { await scene.clock.sleep(for: .seconds(seconds)) }
  }

  private static let first = Endpoint(address: SessionScene.address, port: 7000)
  private static let second = Endpoint(address: otherAddress, port: 7001)

  @Test @Reactor func eachTorrentFindsItsOwnPeers() async throws {
    let pair = try Pair(seed: 1)
    try await pair.scene.simulation.run {
      let ours = try (1...3).map { FakeMember(try SessionScene.hash($0)) }
      let theirs = try (2...4).map { FakeMember(try SessionScene.hash($0)) }
      try await pair.run {
        for member in ours { #expect(pair.cores[0].join(member)) }
        for member in theirs { #expect(pair.cores[1].join(member)) }
        await pair.sleep(400)
      }
      #expect(ours.map { $0.found[.lsd] } == [nil, [Self.second], [Self.second]])
      #expect(theirs.map { $0.found[.lsd] } == [[Self.first], [Self.first], nil])
    }
  }

  @Test @Reactor func aTorrentThatMustNotBeAnnouncedIsNot() async throws {
    let pair = try Pair(seed: 2)
    try await pair.scene.simulation.run {
      let ours = [
        FakeMember(try SessionScene.hash(1)),
        FakeMember(try SessionScene.hash(2), usesLocalDiscovery: false),
      ]
      let theirs = try (1...2).map { FakeMember(try SessionScene.hash($0)) }
      try await pair.run {
        for member in ours { #expect(pair.cores[0].join(member)) }
        for member in theirs { #expect(pair.cores[1].join(member)) }
        await pair.sleep(400)
      }
      #expect(ours.map { $0.found[.lsd] } == [[Self.second], nil])
      #expect(theirs.map { $0.found[.lsd] } == [[Self.first], nil])
    }
  }

  @Test @Reactor func nothingIsSaidWhenNoTorrentAllowsIt() async throws {
    let pair = try Pair(seed: 3)
    pair.scene.simulation.network.trace.keepsLines = true
    try await pair.scene.simulation.run {
      try await pair.run {
        for core in pair.cores {
          let joiner = FakeMember(try SessionScene.hash(1), usesLocalDiscovery: false)
          #expect(core.join(joiner))
        }
        await pair.sleep(1000)
      }
    }
    let lines = pair.scene.simulation.network.trace.lines
    #expect(!lines.contains { $0.contains("atagram") })
  }

  @Test @Reactor func torrentsComeAndGo() async throws {
    let pair = try Pair(seed: 4)
    try await pair.scene.simulation.run {
      let ours = try (1...3).map { FakeMember(try SessionScene.hash($0)) }
      let theirs = try (1...3).map { FakeMember(try SessionScene.hash($0)) }
      try await pair.run {
        #expect(pair.cores[0].join(ours[0]))
        await pair.sleep(400)
        ours[0].usesLocalDiscovery = false
        pair.cores[0].rulesChanged(for: ours[0])
        #expect(pair.cores[0].join(ours[1]))
        #expect(pair.cores[0].join(ours[2]))
        await pair.sleep(59)
        pair.cores[0].leave(ours[2])
        for member in theirs { #expect(pair.cores[1].join(member)) }
        await pair.sleep(1000)
      }
      #expect(theirs.map { $0.found[.lsd] } == [nil, [Self.first], nil])
      #expect(ours.map { $0.found[.lsd] } == [nil, [Self.second], nil])
    }
  }
}
