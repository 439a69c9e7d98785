import Primitives
import Testing

@testable import DHT

@Suite struct RoutingTableTests {
  private var random = SeededRandom(seed: 1)
  private let ownID: NodeID
  private let start = Instant(nanoseconds: 1_000_000_000_000)

  init() {
    ownID = .random(using: &random)
  }

  /// A node in its own network that shares so many bits with us.
  private mutating func contact(sharing bits: Int, network: Int) -> NodeContact {
    NodeContact(
      id: ownID.neighbour(sharing: bits, using: &random),
      endpoint: Endpoint(address: .v4(0x0B00_0001 + UInt32(network) << 8), port: 6881))
  }

  @Test mutating func theFirstBucketsAreWide() {
    var table = RoutingTable(ownID: ownID)
    var network = 0
    for bits in 0..<6 {
      for _ in 0..<200 {
        network += 1
        table.answered(contact(sharing: bits, network: network), now: start)
      }
    }
    #expect(table.buckets.map(\.entries.count) == [128, 64, 32, 16, 8, 8])
    #expect(table.count == 256)
  }

  @Test mutating func theClosestNodesAreFoundWhereverTheyAre() {
    var table = RoutingTable(ownID: ownID)
    for network in 0..<300 {
      table.answered(
        contact(sharing: Int(random.next() % 9), network: network), now: start)
    }
    for _ in 0..<200 {
      let target =
        random.next() & 1 == 0
        ? NodeID.random(using: &random)
        : ownID.neighbour(sharing: Int(random.next() % 12), using: &random)
      let expected = table.contacts.sorted {
        target.distance(to: $0.id) < target.distance(to: $1.id)
      }
      #expect(table.closest(to: target) == Array(expected.prefix(8)))
    }
    #expect(RoutingTable(ownID: ownID).closest(to: ownID).isEmpty)
  }

  @Test mutating func aNodeThatFailsTwiceGivesWayToOneThatWaits() {
    var table = RoutingTable(ownID: ownID)
    let contacts = (0..<9).map { contact(sharing: 5, network: $0) }
    for contact in contacts { table.answered(contact, now: start) }
    #expect(!table.contacts.contains(contacts[8]))
    table.failed(contacts[0])
    #expect(table.contacts.contains(contacts[0]))
    table.failed(contacts[0])
    #expect(!table.contacts.contains(contacts[0]))
    #expect(table.contacts.contains(contacts[8]))
    // No node waits any more, so the next one stays until the fifth time.
    for _ in 0..<4 { table.failed(contacts[1]) }
    #expect(table.contacts.contains(contacts[1]))
    table.failed(contacts[1])
    #expect(!table.contacts.contains(contacts[1]))
  }

  @Test mutating func aSignOfLifeForgivesFailures() {
    var table = RoutingTable(ownID: ownID)
    let node = contact(sharing: 5, network: 1)
    table.answered(node, now: start)
    for _ in 0..<20 {
      table.failed(node)
      #expect(table.closest(to: node.id, answering: true).isEmpty)
      table.answered(node, now: start)
      #expect(table.closest(to: node.id, answering: true) == [node])
    }
  }

  @Test mutating func oneOwnerHasOnePlace() {
    var table = RoutingTable(ownID: ownID)
    let first = contact(sharing: 3, network: 1)
    table.answered(first, now: start)
    // Another id at the same address, in any bucket, with another port.
    table.answered(
      NodeContact(
        id: ownID.neighbour(sharing: 1, using: &random),
        endpoint: Endpoint(address: first.endpoint.address, port: 7000)), now: start)
    #expect(table.contacts == [first])
    // A neighbour in the same /24, in the same bucket and in another one.
    let neighbour = IPAddress.v4(0x0B00_0102)
    let near = NodeContact(
      id: ownID.neighbour(sharing: 3, using: &random),
      endpoint: Endpoint(address: neighbour, port: 6881))
    table.answered(near, now: start)
    #expect(table.contacts == [first])
    let elsewhere = NodeContact(
      id: ownID.neighbour(sharing: 7, using: &random),
      endpoint: Endpoint(address: neighbour, port: 6881))
    table.answered(elsewhere, now: start)
    #expect(table.count == 2)
  }

  @Test mutating func aNodeThatChangesItsIDLosesTheOldOne() {
    var table = RoutingTable(ownID: ownID)
    let old = contact(sharing: 3, network: 1)
    table.answered(old, now: start)
    let new = NodeContact(
      id: ownID.neighbour(sharing: 6, using: &random), endpoint: old.endpoint)
    table.answered(new, now: start)
    #expect(table.contacts == [new])
  }

  @Test mutating func aKnownIDCannotBeTakenOver() {
    var table = RoutingTable(ownID: ownID)
    let node = contact(sharing: 3, network: 1)
    table.answered(node, now: start)
    table.answered(
      NodeContact(id: node.id, endpoint: contact(sharing: 3, network: 2).endpoint), now: start)
    #expect(table.contacts == [node])
    table.answered(NodeContact(id: ownID, endpoint: node.endpoint), now: start)
    #expect(table.contacts == [node])
  }

  @Test mutating func localNetworksMayHoldManyNodes() {
    var table = RoutingTable(ownID: ownID)
    for port in 1...100 {
      table.answered(
        NodeContact(
          id: .random(using: &random),
          endpoint: Endpoint(address: .loopback4, port: UInt16(port))), now: start)
    }
    #expect(table.count > 80)
  }

  @Test mutating func idsThatTheirAddressesAllowArePreferred() {
    var table = RoutingTable(ownID: ownID)
    let address = IPAddress.v4(0x0B01_0001)
    let trusted = NodeID.make(for: address, using: &random)
    let bits = ownID.commonPrefixLength(with: trusted)
    let capacity = bits < 4 ? 128 >> bits : 8
    for network in 0..<capacity {
      // Found by chance, so hardly any is one that its address allows.
      table.answered(contact(sharing: bits, network: network), now: start)
    }
    let newcomer = NodeContact(id: trusted, endpoint: Endpoint(address: address, port: 1))
    table.answered(newcomer, now: start)
    #expect(table.contacts.contains(newcomer))
    #expect(table.count == capacity)
  }

  @Test mutating func silentNodesAreAskedTheOldestFirst() {
    var table = RoutingTable(ownID: ownID)
    let contacts = (0..<3).map { contact(sharing: 2, network: $0) }
    for (index, contact) in contacts.enumerated() {
      table.answered(contact, now: start + .seconds(index * 60))
    }
    #expect(table.nextToPing(now: start + .seconds(800)) == nil)
    let later = start + .seconds(1000)
    #expect(table.nextToPing(now: later) == contacts[0])
    #expect(table.nextToPing(now: later) == contacts[1])
    #expect(table.nextToPing(now: later) == nil)
    table.answered(contacts[0], now: later)
    #expect(table.nextToPing(now: later + .seconds(60)) == contacts[1])
  }

  @Test mutating func aBucketWithoutChangeIsRefreshed() throws {
    var table = RoutingTable(ownID: ownID)
    table.answered(contact(sharing: 2, network: 1), now: start)
    let soon = table.nextRefresh(now: start + .seconds(899), using: &random)
    #expect(soon == nil)
    let later = start + .seconds(901)
    let targets = (0..<4).map { _ in table.nextRefresh(now: later, using: &random) }
    let prefixes = targets.compactMap { $0.map { ownID.commonPrefixLength(with: $0) } }
    #expect(prefixes == [0, 1, 2])
  }
}
