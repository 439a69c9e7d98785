import Primitives
import Testing

@testable import DHT

/// The behaviour of one node among few, honest and not.
@Suite struct DHTMachineTests {
  private func peer(_ world: DHTWorld, _ node: Int, port: UInt16) -> Endpoint {
    Endpoint(address: world.nodes[node].endpoint.address, port: port)
  }

  private let announcement = PeerAnnouncement(port: 7000, isSeed: false)

  @Test func twoNodesFindEachOther() {
    var world = DHTWorld(seed: 1)
    let (one, other) = (world.addNode(), world.addNode())
    let router = world.nodes[one].endpoint
    world.act(other) { machine, now in machine.add(router: router, now: now) }
    world.run(for: .seconds(20))
    let infoHash = world.randomID()
    let announced = world.find(infoHash, from: other, announcing: announcement)
    #expect(announced.summary?.announced == 1)
    let found = world.find(infoHash, from: one)
    // A node does not find the peers that it stores itself by asking others.
    #expect(found.summary != nil)
    let third = world.addNode()
    world.act(third) { machine, now in machine.add(router: router, now: now) }
    world.run(for: .seconds(20))
    let late = world.find(infoHash, from: third)
    #expect(late.peers == [peer(world, other, port: 7000)])
  }

  @Test func anImpliedPortIsTheSenders() {
    var world = DHTWorld.joined(20, seed: 2)
    let infoHash = world.randomID()
    _ = world.find(infoHash, from: 3, announcing: PeerAnnouncement(port: nil, isSeed: false))
    let found = world.find(infoHash, from: 15)
    #expect(found.peers == [world.nodes[3].endpoint])
  }

  @Test func routersStayOutOfTheTable() {
    var world = DHTWorld.joined(60, seed: 3)
    let node = world.addNode()
    let router = world.nodes[0].endpoint
    world.act(node) { machine, now in machine.add(router: router, now: now) }
    world.run(for: .seconds(60))
    let known = world.nodes[node].machine.state.nodes
    #expect(known.count >= 8)
    #expect(!known.contains { $0.endpoint == router })
  }

  @Test func aNodeBeginsWhereItsLastRunEnded() throws {
    var world = DHTWorld.joined(60, seed: 4)
    let infoHash = world.randomID()
    _ = world.find(infoHash, from: 7, announcing: announcement)
    let state = try DHTState(parsing: world.nodes[30].machine.state.encodedBytes)
    let node = world.addNode()
    world.nodes[node].machine = DHTMachine(
      families: .v4, state: state, secret: Array(0..<20), random: SeededRandom(seed: 9))
    let found = world.find(infoHash, from: node)
    #expect(found.peers == [peer(world, 7, port: 7000)])
  }

  // MARK: - Failures

  @Test func peersAreFoundWhenAThirdOfAllNodesDies() {
    var world = DHTWorld.joined(150, seed: 5)
    let infoHash = world.randomID()
    _ = world.find(infoHash, from: 10, announcing: announcement)
    for node in world.nodes.indices where node % 3 == 0 { world.nodes[node].character = .dead }
    for searcher in [1, 50, 100] {
      let found = world.find(infoHash, from: searcher)
      #expect(found.peers == [peer(world, 10, port: 7000)])
      #expect(found.summary != nil)
    }
  }

  @Test func peersAreFoundThroughLosses() {
    var world = DHTWorld.joined(100, seed: 6)
    world.lossPerMille = 200
    let infoHash = world.randomID()
    let announced = world.find(infoHash, from: 10, announcing: announcement)
    #expect(announced.summary?.announced ?? 0 >= 3)
    let found = world.find(infoHash, from: 77)
    #expect(found.peers == [peer(world, 10, port: 7000)])
  }

  @Test(arguments: [DHTWorld.Character.liar, .babbler])
  func aFifthOfDishonestNodesHidesNobody(character: DHTWorld.Character) {
    var world = DHTWorld.joined(150, seed: 7)
    for node in world.nodes.indices where node % 5 == 0 {
      world.nodes[node].character = character
    }
    var found = 0
    for number in 0..<10 {
      let infoHash = world.randomID()
      let (announcer, searcher) = (number * 5 + 1, number * 5 + 77)
      let announced = world.find(infoHash, from: announcer, announcing: announcement)
      #expect(announced.summary != nil, "every search ends")
      let result = world.find(infoHash, from: searcher % 5 == 0 ? searcher + 1 : searcher)
      #expect(result.summary?.replies ?? .max <= Lookup.queryLimit)
      if result.peers == [peer(world, announcer, port: 7000)] { found += 1 }
    }
    #expect(found == 10)
  }

  // MARK: - Strangers

  private func query(
    _ method: KRPCQuery.Method, as sender: NodeID, isReadOnly: Bool = false
  ) -> [UInt8] {
    KRPCMessage(
      transaction: [1, 2], body: .query(KRPCQuery(sender: sender, method: method)),
      isReadOnly: isReadOnly
    ).encodedBytes
  }

  private func machine() -> DHTMachine {
    DHTMachine(families: [.v4, .v6], secret: Array(0..<20), random: SeededRandom(seed: 1))
  }

  private let now = Instant(nanoseconds: 1_000_000_000_000)
  private let stranger = Endpoint(address: .v4(0x0B00_0001), port: 999)

  /// Everything that the machine sends now.
  private func messages(_ machine: inout DHTMachine) throws -> [KRPCMessage] {
    var messages: [KRPCMessage] = []
    while let datagram = machine.nextDatagram() {
      #expect(datagram.bytes.count <= DHTWorld.maximumSentLength)
      messages.append(try KRPCMessage(parsing: datagram.bytes))
    }
    return messages
  }

  @Test func whoAsksIsAnsweredAndToldWhereHeIs() throws {
    var (machine, random) = (machine(), SeededRandom(seed: 2))
    machine.receive(
      query(.ping, as: .random(using: &random)), from: stranger, now: now)
    let answers = try messages(&machine)
    #expect(answers.count == 1)
    #expect(answers.first?.transaction == [1, 2])
    #expect(answers.first?.observed == stranger)
    let ownID = try #require(machine.state.ownID)
    #expect(answers.first?.body == .reply(KRPCReply(sender: ownID)))
  }

  @Test func anAnnounceNeedsATokenOfOurs() throws {
    var (machine, random) = (machine(), SeededRandom(seed: 2))
    let (id, infoHash) = (NodeID.random(using: &random), NodeID.random(using: &random))
    func announce(_ token: [UInt8]) -> [UInt8] {
      query(
        .announcePeer(
          infoHash: infoHash, announcement: PeerAnnouncement(port: 5, isSeed: true), token: token),
        as: id)
    }
    machine.receive(announce([1, 2, 3, 4, 5, 6, 7, 8]), from: stranger, now: now)
    guard case .failure(let failure) = try messages(&machine).first?.body else {
      Issue.record("a forged token was taken")
      return
    }
    #expect(failure.code == 203)
    machine.receive(query(.getPeers(infoHash: infoHash), as: id), from: stranger, now: now)
    guard case .reply(let reply) = try messages(&machine).first?.body else {
      Issue.record("no answer")
      return
    }
    #expect(reply.peers.isEmpty)
    let token = try #require(reply.token)
    let elsewhere = Endpoint(address: .v4(0x0C00_0001), port: 999)
    machine.receive(announce(token), from: elsewhere, now: now)
    machine.receive(announce(token), from: stranger, now: now)
    let bodies = try messages(&machine).map(\.body)
    #expect(bodies.count == 2)
    if case .reply = bodies.first { Issue.record("a borrowed token was taken") }
    var options = KRPCPeerOptions()
    options.isScrape = true
    machine.receive(
      query(.getPeers(infoHash: infoHash, options: options), as: id), from: stranger, now: now)
    guard case .reply(let full) = try messages(&machine).first?.body else {
      Issue.record("no answer")
      return
    }
    #expect(full.peers == [Endpoint(address: stranger.address, port: 5)])
    var seeds = BloomFilter()
    seeds.insert(stranger.address)
    #expect(full.seedFilter == seeds)
    #expect(full.peerFilter == BloomFilter())
  }

  @Test func fullRepliesFitIntoOneDatagram() throws {
    var (machine, random) = (machine(), SeededRandom(seed: 3))
    let infoHash = NodeID.random(using: &random)
    for side in machine.sides.indices {
      for network in 0..<100 {
        let address: IPAddress =
          machine.sides[side].isIPv6
          ? .v6(high: 0x2A00 << 48 + UInt64(network), low: 1)
          : .v4(0x0B00_0001 + UInt32(network) << 8)
        machine.sides[side].table.answered(
          NodeContact(
            id: .random(using: &random), endpoint: Endpoint(address: address, port: 1)), now: now)
        machine.sides[side].store.add(
          Endpoint(address: address, port: 1), isSeed: false, to: infoHash,
          ownID: machine.sides[side].table.ownID, now: now)
      }
    }
    var scrape = KRPCPeerOptions()
    scrape.isScrape = true
    let six = Endpoint(address: .v6(high: 0x2B00 << 48, low: 1), port: 7)
    for (sender, options) in [
      (stranger, KRPCPeerOptions()), (stranger, scrape), (six, KRPCPeerOptions()), (six, scrape),
    ] {
      let message = KRPCMessage(
        transaction: Array(repeating: 7, count: 20),
        body: .query(
          KRPCQuery(
            sender: .random(using: &random),
            method: .getPeers(infoHash: infoHash, options: options), wants: [.v4, .v6])))
      machine.receive(message.encodedBytes, from: sender, now: now)
      guard case .reply(let reply) = try messages(&machine).first?.body else {
        Issue.record("no answer to \(sender)")
        return
      }
      #expect(!reply.peers.isEmpty)
      let areOfHisFamily = reply.peers.allSatisfy {
        $0.address.isIPv6 == sender.address.isIPv6
      }
      #expect(areOfHisFamily)
      #expect(options.isScrape || reply.nodes.count == 8 && reply.nodes6.count == 8)
    }
  }

  @Test func readOnlyNodesAreServedAndNotKept() throws {
    var (machine, random) = (machine(), SeededRandom(seed: 4))
    machine.receive(
      query(.ping, as: .random(using: &random), isReadOnly: true), from: stranger, now: now)
    let sent1 = try messages(&machine)
    #expect(sent1.count == 1)
    machine.tick(now: now + .seconds(10))
    let sent2 = try messages(&machine)
    #expect(sent2.isEmpty)
    machine.receive(
      query(.ping, as: .random(using: &random)), from: stranger, now: now + .seconds(11))
    machine.tick(now: now + .seconds(20))
    let sent = try messages(&machine)
    #expect(sent.count == 2, "its answer, and a sign of life asked for")
  }

  @Test func anUnreachableNodeSaysSoAndAnswersNobody() throws {
    var (machine, random) = (machine(), SeededRandom(seed: 5))
    for step in 0...700 { machine.reachability.answered(now: now + .seconds(step)) }
    machine.reachability.sent(to: stranger.address)
    machine.receive(
      query(.ping, as: .random(using: &random)), from: stranger, now: now + .seconds(701))
    let sent3 = try messages(&machine)
    #expect(sent3.isEmpty)
    machine.add(node: Endpoint(address: .v4(0x0D00_0001), port: 1), now: now + .seconds(702))
    let sent = try messages(&machine)
    let areReadOnly = !sent.isEmpty && sent.allSatisfy(\.isReadOnly)
    #expect(areReadOnly)
  }

  @Test func foreignAnswersAreIgnored() throws {
    var (machine, random) = (machine(), SeededRandom(seed: 6))
    let node = Endpoint(address: .v4(0x0D00_0001), port: 1)
    machine.add(node: node, now: now)
    let asked = try #require(try messages(&machine).first)
    func answer(_ transaction: [UInt8]) -> [UInt8] {
      KRPCMessage(
        transaction: transaction, body: .reply(KRPCReply(sender: .random(using: &random)))
      ).encodedBytes
    }
    machine.receive(answer(asked.transaction), from: stranger, now: now)
    machine.receive(
      answer(asked.transaction), from: Endpoint(address: node.address, port: 2), now: now)
    machine.receive(answer([9, 9, 9, 9]), from: node, now: now)
    machine.receive(answer([]), from: node, now: now)
    #expect(machine.nodeCount == 0)
    machine.receive(answer(asked.transaction), from: node, now: now)
    #expect(machine.nodeCount == 1)
    machine.receive(answer(asked.transaction), from: node, now: now)
    #expect(machine.nodeCount == 1)
  }

  @Test func noiseNeverTraps() {
    var (machine, random) = (machine(), SeededRandom(seed: 7))
    let samples = KRPCMessageTests.samples.map(\.encodedBytes)
    for round in 0..<2000 {
      var bytes = samples[round % samples.count]
      for _ in 0..<Int(random.next() % 6) {
        bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(random.next() & 0xFF)
      }
      let sender = Endpoint(
        address: .v4(UInt32(truncatingIfNeeded: random.next())),
        port: UInt16(random.next() & 0xFFFF))
      machine.receive(bytes, from: sender, now: now + .milliseconds(round * 100))
      machine.tick(now: now + .milliseconds(round * 100))
      while machine.nextDatagram() != nil {}
    }
    #expect(machine.nodeCount == 0, "nobody has answered anything")
  }

  @Test func aFloodIsAnsweredAtMostFiftyTimes() throws {
    var (machine, random) = (machine(), SeededRandom(seed: 8))
    let bytes = query(.findNode(target: .random(using: &random)), as: .random(using: &random))
    var answers = 0
    for step in 0..<5000 {
      machine.receive(bytes, from: stranger, now: now + .milliseconds(step * 10))
      answers += try messages(&machine).count
    }
    #expect(answers <= 50)
  }

  @Test func ourIDFollowsTheAddressThatOthersSee() throws {
    var world = DHTWorld(seed: 9)
    for _ in 0..<30 { world.addNode() }
    let routers = world.nodes.prefix(12).map(\.endpoint)
    let node = world.addNode(id: world.randomID())
    for router in routers {
      world.act(node) { machine, now in machine.add(node: router, now: now) }
    }
    world.run(for: .seconds(30))
    let address = world.nodes[node].endpoint.address
    let id = try #require(world.nodes[node].machine.state.ownID)
    #expect(id.isValid(for: address))
    #expect(world.events.contains { $0.node == node && $0.event == .address(address) })
    #expect(world.nodes[node].machine.nodeCount >= 10)
  }
}
