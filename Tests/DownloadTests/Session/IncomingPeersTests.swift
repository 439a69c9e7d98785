import Networking
import PeerWire
import Primitives
import TestSupport
import Testing

@testable import Download

/// Connections of others, which the handshake's info-hash leads to a torrent.
@Suite struct IncomingPeersTests {
  private static func stranger(_ number: UInt32) -> IPAddress { .v4(0x0A4E_0000 + number) }

  @Test func connectionsAreDispatchedByInfoHash() async throws {
    let scene = await SessionScene(seed: 1)
    try await scene.simulation.run {
      let core = try scene.core()
      let members = try (1...2).map { FakeMember(try SessionScene.hash($0)) }
      for member in members { #expect(core.join(member)) }
      try await scene.run([core]) {
        for (number, member) in members.enumerated() {
          let transport = try await scene.dial(
            core, from: Self.stranger(UInt32(number)), scene.handshake(for: member.infoHash))
          let answer = try Handshake(await transport.readAll(upTo: Handshake.length).bytes)
          #expect(answer.infoHash == member.infoHash.wireBytes)
          #expect(answer.peerID == core.peerID)
        }
        await scene.clock.sleep(for: .seconds(1))
      }
      #expect(
        members.map { $0.greeted.map(\.endpoint.address) }
          == [[Self.stranger(0)], [Self.stranger(1)]])
      #expect(members.flatMap(\.greeted).allSatisfy { !$0.isOutgoing })
      #expect(core.connections.count(of: members[0].infoHash) == 1)
      #expect(core.connections.count == 2)
    }
  }

  @Test func anUnknownTorrentIsClosedWithoutAnAnswer() async throws {
    let scene = await SessionScene(seed: 2)
    try await scene.simulation.run {
      let core = try scene.core()
      let member = FakeMember(try SessionScene.hash(1))
      #expect(core.join(member))
      try await scene.run([core]) {
        let other = scene.handshake(for: try SessionScene.hash(2))
        let transport = try await scene.dial(core, from: Self.stranger(0), other)
        let (bytes, end) = await transport.readAll()
        #expect(bytes == [])
        #expect(end != nil)
      }
      #expect(member.greeted.isEmpty)
      #expect(core.connections.count == 0)
    }
  }

  /// A member decides before we answer; one that has left, or does not want the peer, hears nothing.
  @Test(arguments: [true, false])
  func aMemberMayRefuse(byLeaving: Bool) async throws {
    let scene = await SessionScene(seed: 3)
    try await scene.simulation.run {
      let core = try scene.core()
      let member = FakeMember(try SessionScene.hash(1))
      #expect(core.join(member))
      let joiner = FakeMember(try SessionScene.hash(2))
      #expect(core.join(joiner))
      try await scene.run([core]) {
        let bytes = scene.handshake(for: member.infoHash)
        member.isAdmitting = byLeaving
        let transport = try await scene.dial(
          core, from: Self.stranger(0), Array(bytes.prefix(Handshake.length - 1)))
        if byLeaving {
          #expect(await transport.readAll(upTo: Handshake.length).bytes.count == Handshake.length)
          core.leave(member)
          #expect(await transport.writeAll(Array(bytes.suffix(1))))
        }
        let (rest, end) = await transport.readAll()
        #expect(rest == [])
        #expect(end != nil)
      }
      #expect(member.greeted.isEmpty)
      #expect(core.connections.count == 0)
    }
  }

  @Test func silentStrangersAreFewAndSoonGone() async throws {
    let scene = await SessionScene(seed: 4)
    try await scene.simulation.run {
      let core = try scene.core()
      let member = FakeMember(try SessionScene.hash(1))
      #expect(core.join(member))
      try await scene.run([core]) {
        var silent: [any Transport] = []
        for number in 0..<200 {
          silent.append(try await scene.dial(core, from: Self.stranger(UInt32(number)), [19]))
        }
        #expect(core.connections.unnamed == Admission.welcomeLimit + Admission.waitingLimit)
        // The 64 that were greeted first time out, and then those that waited.
        await scene.clock.sleep(for: PeerGreeting.timeout * 2 + .seconds(5))
        #expect(core.connections.count == 0)
        #expect(
          silent.allSatisfy { transport in
            var buffer: [UInt8] = [0]
            return transport.read(&buffer, count: 1) != .wouldBlock
          })
        _ = try await scene.dial(
          core, from: Self.stranger(999), scene.handshake(for: member.infoHash))
        await scene.clock.sleep(for: .seconds(1))
      }
      #expect(member.greeted.count == 1)
    }
  }

  /// Drip-fed bytes do not extend the time.
  @Test func aSlowHandshakeIsBoundedAsAWhole() async throws {
    let scene = await SessionScene(seed: 5)
    try await scene.simulation.run {
      let core = try scene.core()
      let member = FakeMember(try SessionScene.hash(1))
      #expect(core.join(member))
      try await scene.run([core]) {
        let bytes = scene.handshake(for: member.infoHash)
        let transport = try await scene.dial(core, from: Self.stranger(0), [])
        for byte in bytes {
          await scene.clock.sleep(for: .milliseconds(200))
          guard await transport.writeAll([byte]) else { break }
        }
        await scene.clock.sleep(for: .seconds(1))
      }
      #expect(member.greeted.isEmpty)
      #expect(core.connections.count == 0)
    }
  }

  @Test func weDoNotWelcomeOurselves() async throws {
    let scene = await SessionScene(seed: 6)
    try await scene.simulation.run {
      let core = try scene.core()
      let member = FakeMember(try SessionScene.hash(1))
      #expect(core.join(member))
      try await scene.run([core]) {
        let own = Endpoint(address: SessionScene.address, port: core.port)
        let transport = try await scene.host().connect(to: own, timeout: .seconds(5))
        var met: [Endpoint] = []
        let peer = await core.greeting(for: member).dialled(transport, at: own) { met.append($0) }
        #expect(peer == nil)
        #expect(met == [own])
        await scene.clock.sleep(for: .seconds(1))
      }
      #expect(member.greeted.isEmpty)
      #expect(core.connections.count == 0)
    }
  }

  @Test func theHandshakeOffersTheTableOnlyForTorrentsThatUseIt() async throws {
    let scene = await SessionScene(seed: 7)
    try await scene.simulation.run {
      let core = try scene.core { $0.dht = DHTOptions() }
      let members = [
        FakeMember(try SessionScene.hash(1), usesDHT: true),
        FakeMember(try SessionScene.hash(2), usesDHT: false),
      ]
      for member in members { #expect(core.join(member)) }
      let offers = try await scene.run([core]) { () -> [Bool] in
        var offers: [Bool] = []
        for member in members {
          let transport = try await scene.dial(
            core, from: Self.stranger(0), scene.handshake(for: member.infoHash))
          let answer = try Handshake(await transport.readAll(upTo: Handshake.length).bytes)
          offers.append(answer.features.contains(.dht))
        }
        return offers
      }
      #expect(offers == [true, false])
    }
  }

  @Test func oneTorrentForAnInfoHash() async throws {
    let scene = await SessionScene(seed: 8)
    try await scene.simulation.run {
      let core = try scene.core()
      defer { core.close() }
      let (first, second) = (
        FakeMember(try SessionScene.hash(1)), FakeMember(try SessionScene.hash(1))
      )
      #expect(core.join(first))
      #expect(!core.join(second))
      // One that is not a member cannot remove the one that is.
      core.leave(second)
      #expect(!core.join(second))
      core.leave(first)
      #expect(core.join(second))
    }
  }
}
