import Primitives
import Testing

@testable import DHT

@Suite struct LookupTests {
  private var random = SeededRandom(seed: 1)
  private let target: NodeID
  private let ownID: NodeID

  init() {
    target = .random(using: &random)
    ownID = .random(using: &random)
  }

  /// A node in its own network, with an id that its address allows or not.
  private mutating func contact(_ network: Int, trusted: Bool = true) -> NodeContact {
    let address = IPAddress.v4(0x0B00_0001 + UInt32(network) << 8)
    var id = NodeID.make(for: address, using: &random)
    while !trusted, id.isValid(for: address) { id = .random(using: &random) }
    return NodeContact(id: id, endpoint: Endpoint(address: address, port: 6881))
  }

  /// Asks as many nodes as may be asked now.
  private func ask(_ lookup: inout Lookup) -> [Endpoint] {
    var asked: [Endpoint] = []
    while case .ask(let endpoint, _) = lookup.nextStep() {
      lookup.asked(endpoint)
      asked.append(endpoint)
    }
    return asked
  }

  @Test mutating func fourAreAskedAtATimeTheClosestFirst() {
    var lookup = Lookup(target: target, ownID: ownID, isIPv6: false)
    let contacts = (0..<20).map { contact($0) }
    lookup.add(contacts)
    let sorted = contacts.sorted { target.distance(to: $0.id) < target.distance(to: $1.id) }
    #expect(ask(&lookup) == sorted.prefix(4).map(\.endpoint))
    #expect(lookup.nextStep() == .wait)
    _ = lookup.replied(sorted[0].endpoint, id: sorted[0].id, nodes: [], token: nil)
    #expect(ask(&lookup) == [sorted[4].endpoint])
    // A slow node makes room for one more.
    lookup.slowed(sorted[1].endpoint)
    #expect(ask(&lookup) == [sorted[5].endpoint])
  }

  @Test mutating func itEndsWhenTheEightClosestHaveAnswered() {
    var lookup = Lookup(target: target, ownID: ownID, isIPv6: false)
    let contacts = (0..<20).map { contact($0) }
    lookup.add(contacts)
    let sorted = contacts.sorted { target.distance(to: $0.id) < target.distance(to: $1.id) }
    var waiting = ask(&lookup)
    while !waiting.isEmpty {
      let endpoint = waiting.removeFirst()
      let id = sorted.first { $0.endpoint == endpoint }?.id
      _ = lookup.replied(endpoint, id: id ?? ownID, nodes: [], token: [1])
      waiting += ask(&lookup)
    }
    #expect(lookup.nextStep() == .done)
    #expect(lookup.queryCount <= 11)
    #expect(lookup.closest.map(\.endpoint) == sorted.prefix(8).map(\.endpoint))
  }

  @Test mutating func anEmptySearchIsOver() {
    let lookup = Lookup(target: target, ownID: ownID, isIPv6: false)
    #expect(lookup.nextStep() == .done)
  }

  @Test mutating func slowNodesAreWaitedForWhenNobodyElseIsLeft() {
    var lookup = Lookup(target: target, ownID: ownID, isIPv6: false)
    let only = contact(1)
    lookup.add([only])
    #expect(ask(&lookup) == [only.endpoint])
    lookup.slowed(only.endpoint)
    #expect(lookup.nextStep() == .wait)
    lookup.failed(only.endpoint)
    #expect(lookup.nextStep() == .done)
  }

  @Test mutating func nodesWithForbiddenIDsDoNotEndIt() {
    var lookup = Lookup(target: target, ownID: ownID, isIPv6: false)
    let frauds = (0..<8).map { index in
      var fraud = contact(index, trusted: false)
      fraud = NodeContact(
        id: target.neighbour(sharing: 100 + index, using: &random), endpoint: fraud.endpoint)
      return fraud
    }
    let honest = (100..<110).map { contact($0) }
    lookup.add(frauds + honest)
    var asked: Set<Endpoint> = []
    var waiting = ask(&lookup)
    while !waiting.isEmpty {
      let endpoint = waiting.removeFirst()
      asked.insert(endpoint)
      let id = (frauds + honest).first { $0.endpoint == endpoint }?.id
      _ = lookup.replied(endpoint, id: id ?? ownID, nodes: [], token: [1])
      waiting += ask(&lookup)
    }
    let honestAsked = honest.count { asked.contains($0.endpoint) }
    #expect(honestAsked >= 8)
    let areTrusted = lookup.closest.allSatisfy(\.isTrusted)
    #expect(areTrusted)
  }

  @Test mutating func oneNetworkIsAskedOnce() {
    var lookup = Lookup(target: target, ownID: ownID, isIPv6: false)
    lookup.add(
      (1...50).map { host in
        NodeContact(
          id: .random(using: &random),
          endpoint: Endpoint(address: .v4(0x0B00_0100 + UInt32(host)), port: 6881))
      })
    #expect(lookup.candidates.count == 1)
  }

  @Test mutating func whatNobodyCanBeIsNotAsked() {
    var lookup = Lookup(target: target, ownID: ownID, isIPv6: false)
    let id = NodeID.random(using: &random)
    for text in ["0.0.0.0:1", "224.0.0.1:1", "255.255.255.255:1", "11.0.0.1:0", "[2a00::1]:1"] {
      if let endpoint = Endpoint(text) { lookup.add([NodeContact(id: id, endpoint: endpoint)]) }
    }
    let own = contact(1)
    lookup.add([NodeContact(id: ownID, endpoint: own.endpoint)])
    #expect(lookup.candidates.isEmpty)
  }

  @Test mutating func anAnswerUnderAnotherIDIsNoAnswer() {
    var lookup = Lookup(target: target, ownID: ownID, isIPv6: false)
    let node = contact(1)
    lookup.add([node])
    _ = ask(&lookup)
    let hops = lookup.replied(
      node.endpoint, id: .random(using: &random), nodes: [contact(2)], token: [1])
    #expect(hops == nil)
    #expect(lookup.closest.isEmpty)
    #expect(lookup.nextStep() == .done)
  }

  @Test mutating func whatIsRememberedIsBounded() {
    var lookup = Lookup(target: target, ownID: ownID, isIPv6: false)
    for network in 0..<2000 { lookup.add([contact(network)]) }
    #expect(lookup.candidates.count == Lookup.candidateLimit)
    let distances = lookup.candidates.map(\.distance)
    #expect(distances == distances.sorted())
  }

  @Test mutating func nobodyIsAskedForEver() {
    var lookup = Lookup(target: target, ownID: ownID, isIPv6: false)
    lookup.add([contact(0)])
    var network = 1
    // Each node names a closer one that does not answer under its id.
    while case .ask(let endpoint, let id) = lookup.nextStep() {
      lookup.asked(endpoint)
      let closer = (0..<4).map { _ in
        network += 1
        return NodeContact(
          id: target.neighbour(sharing: min(150, network / 4), using: &random),
          endpoint: contact(network).endpoint)
      }
      _ = lookup.replied(endpoint, id: id ?? ownID, nodes: closer, token: nil)
    }
    #expect(lookup.queryCount <= Lookup.queryLimit)
  }
}
