import DHT
import Networking
import Primitives
import Synchronization
import TestSupport
import Testing

@testable import Download

/// One node for all torrents of a session.
@Suite(.timeLimit(.minutes(5))) struct SessionDHTTests {
  private static let seed = Endpoint(address: .v4(0x0A4D_0903), port: 7001)

  @Test func twoTorrentsShareOneNodeAndAPrivateOneIsNeverSearchedFor() async throws {
    let scene = await SessionScene(seed: 1)
    try await scene.simulation.run {
      try await scene.withTable { node, dht in
        let members = [
          FakeMember(try SessionScene.hash(1)), FakeMember(try SessionScene.hash(2)),
          FakeMember(try SessionScene.hash(3), usesDHT: false),
        ]
        for member in members {
          _ = await scene.peers(
            of: member.infoHash, by: node,
            announcing: PeerAnnouncement(port: Self.seed.port, isSeed: true))
        }
        let core = try scene.core { $0.dht = dht }
        try await scene.run([core]) {
          for member in members { #expect(core.join(member)) }
          await scene.clock.sleep(for: .seconds(20))
          #expect(core.dhtPort(isIPv6: false) == core.port)
          #expect(core.dhtPort(isIPv6: true) == nil)
          #expect(core.dhtNodeCount ?? 0 > 5)
        }
        let own = Endpoint(address: SessionScene.address, port: core.port)
        for member in members.prefix(2) {
          #expect(member.found[.dht]?.contains(Self.seed) == true)
          #expect(member.reports.prefix(2) == [.joining, .joined])
          #expect(member.portNews == 1)
          #expect(await scene.peers(of: member.infoHash, by: node).contains(own))
        }
        #expect(members[2].found == [:])
        #expect(members[2].reports == [])
        #expect(members[2].portNews == 0)
        #expect(await scene.peers(of: members[2].infoHash, by: node) == [Self.seed])
        core.close()
      }
    }
  }

  @Test func nothingIsAskedBeforeATorrentNeedsIt() async throws {
    let scene = await SessionScene(seed: 2)
    try await scene.simulation.run {
      try await scene.withTable { _, dht in
        let core = try scene.core { $0.dht = dht }
        let member = FakeMember(try SessionScene.hash(1))
        member.dhtNeeds = DHTNeeds(connectedPeers: 5, hasTrackers: true)
        try await scene.run([core]) {
          #expect(core.join(member))
          await scene.clock.sleep(for: .seconds(100))
          #expect(core.dhtNodeCount == nil)
          #expect(member.reports == [])
          member.dhtNeeds.connectedPeers = 4
          await scene.clock.sleep(for: .seconds(30))
          #expect(member.reports.first == .joining)
        }
        core.close()
      }
    }
  }

  /// A magnet link's torrent shows that it is private when its metadata is there.
  @Test(arguments: [true, false])
  func aSearchThatMustNotGoOnTellsTheTableNothing(byLeaving: Bool) async throws {
    let scene = await SessionScene(seed: 3)
    try await scene.simulation.run {
      try await scene.withTable { node, dht in
        let core = try scene.core { $0.dht = dht }
        let other = FakeMember(try SessionScene.hash(1))
        let member = FakeMember(try SessionScene.hash(2))
        try await scene.run([core]) {
          #expect(core.join(other))
          #expect(core.join(member))
          // The first search found no node to query. The second one is under way, and ends with an
          // announce if nobody stops it.
          await scene.clock.sleep(for: DHTSchedule.lonelyPause + .milliseconds(30))
          #expect(member.reports == [.joining])
          if byLeaving {
            core.leave(member)
          } else {
            member.usesDHT = false
            core.rulesChanged(for: member)
          }
          await scene.clock.sleep(for: .seconds(1000))
        }
        let own = Endpoint(address: SessionScene.address, port: core.port)
        #expect(await scene.peers(of: other.infoHash, by: node) == [own])
        #expect(await scene.peers(of: member.infoHash, by: node) == [])
        #expect(member.reports == [.joining])
        core.close()
      }
    }
  }

  @Test func theStateIsSavedOnceAtTheEnd() async throws {
    let scene = await SessionScene(seed: 4)
    let states = Saved()
    try await scene.simulation.run {
      try await scene.withTable { _, dht in
        var dht = dht
        dht.keeper = states
        let options = dht
        let core = try scene.core { $0.dht = options }
        try await scene.run([core]) {
          for number in UInt8(1)...6 {
            let joiner = FakeMember(try SessionScene.hash(number))
            #expect(core.join(joiner))
          }
          await scene.clock.sleep(for: .seconds(60))
        }
        core.close()
      }
      let all = states.all.withLock { $0 }
      #expect(all.count == 1)
      #expect(try DHTState(parsing: all[0]).nodes.count > 5)
    }
  }

  private final class Saved: DHTStateKeeper {
    func keep(_ state: [UInt8]) { all.withLock { $0.append(state) } }

    let all = Mutex<[[UInt8]]>([])
  }

  /// Bootstrap nodes of a torrent, and nodes that peers name, come before and after the node begins.
  @Test(arguments: [true, false], [true, false])
  func nodesThatTorrentsAndPeersNameAreUsed(isEarly: Bool, byPeer: Bool) async throws {
    let scene = await SessionScene(seed: 5)
    try await scene.simulation.run {
      try await scene.withTable { _, _ in
        let core = try scene.core {
          $0.dht = DHTOptions()
          $0.dht?.routers = []
        }
        let known = Endpoint(address: .v4(0x0A4D_0905), port: 6881)
        let name = {
          if byPeer { core.heardOfNode(at: known) } else { core.add(dhtNodes: ["\(known)"]) }
        }
        let member = FakeMember(try SessionScene.hash(1))
        try await scene.run([core]) {
          if isEarly { name() }
          #expect(core.join(member))
          await scene.clock.sleep(for: .seconds(5))
          if !isEarly {
            #expect(core.dhtNodeCount == 0)
            name()
          }
          await scene.clock.sleep(for: .seconds(20))
          #expect(core.dhtNodeCount ?? 0 > 3)
        }
        #expect(member.reports.contains(.joined))
        core.close()
      }
    }
  }
}
