import Primitives
import Testing

@testable import DHT

/// A thousand nodes that find each other.
@Suite struct DHTNetworkTests {
  @Test func aStoredPeerIsFoundInAtMostEightHops() {
    var world = DHTWorld.joined(1000, seed: 7)
    let keys = (0..<200).map { _ in world.randomID() }
    func announcer(_ number: Int) -> Int { (number * 37 + 11) % 1000 }
    func peer(_ number: Int) -> Endpoint {
      Endpoint(
        address: world.nodes[announcer(number)].endpoint.address, port: UInt16(1000 + number))
    }
    let announced = world.findAll(
      keys.indices.map { number in
        DHTWorld.Search(
          infoHash: keys[number], node: announcer(number),
          announcement: PeerAnnouncement(port: peer(number).port, isSeed: false))
      })
    #expect(announced.allSatisfy { $0.summary?.announced ?? 0 >= 6 })
    let results = world.findAll(
      keys.indices.map { number in
        DHTWorld.Search(infoHash: keys[number], node: (number * 61 + 500) % 1000)
      })
    let found = keys.indices.count { number in
      results[number].peers == [peer(number)] && results[number].hops ?? 99 <= 8
    }
    #expect(found * 100 >= keys.count * 99, "\(found) of \(keys.count)")
    #expect(world.longestDatagram <= DHTWorld.maximumSentLength)
  }
}
