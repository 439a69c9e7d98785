import DHT
import Primitives

/// Many nodes, and datagrams between them in virtual time, without sockets.
///
/// Everything follows from the seed.
struct DHTWorld {
  /// The way a node treats the queries that it gets.
  enum Character {
    case honest
    /// Is gone.
    case dead
    /// Answers every query with made-up nodes right beside the target, and made-up peers of none.
    case liar
    /// Answers every query with bytes by chance.
    case babbler
  }

  struct Node {
    let endpoint: Endpoint
    var machine: DHTMachine
    var character = Character.honest
    /// The time for which its next tick is planned.
    var planned = Instant.distantFuture
  }

  private struct Event {
    let time: Instant
    let number: Int
    let node: Int
    /// A datagram and its sender; nil for a tick.
    let datagram: (bytes: [UInt8], sender: Endpoint)?
  }

  /// The maximum length of a sent datagram in bytes (BEP 32).
  static let maximumSentLength = 1024

  private(set) var now = Instant(nanoseconds: 1_000_000_000_000)
  var nodes: [Node] = []
  /// The events that machines have raised since they were last looked at, by node.
  var events: [(node: Int, event: DHTMachine.Event)] = []
  /// The number of lost datagrams in a thousand.
  var lossPerMille: UInt64 = 0
  private(set) var datagramCount = 0
  private(set) var longestDatagram = 0
  private var random: SeededRandom
  private var places: [Endpoint: Int] = [:]
  private var queue: [Event] = []
  private var eventCount = 0

  init(seed: UInt64) {
    random = SeededRandom(seed: seed)
  }

  /// A public address for the n-th node, each in a network of its own.
  static func address(_ number: Int) -> IPAddress {
    .v4(0x0B00_0007 + UInt32(number) << 8)
  }

  /// Adds a node that knows nobody yet; its id is one that its address allows.
  @discardableResult
  mutating func addNode(
    at endpoint: Endpoint? = nil, id: NodeID? = nil, families: AddressFamilies = .v4,
    character: Character = .honest
  ) -> Int {
    let number = nodes.count
    let endpoint = endpoint ?? Endpoint(address: Self.address(number), port: 6881)
    var state = DHTState()
    state.ownID = id ?? .make(for: endpoint.address, using: &random)
    state.ownID6 = state.ownID
    let machine = DHTMachine(
      families: families, state: state,
      secret: (0..<20).map { _ in UInt8.random(in: 0...255, using: &random) },
      random: SeededRandom(seed: random.next()))
    nodes.append(Node(endpoint: endpoint, machine: machine, character: character))
    places[endpoint] = number
    return number
  }

  /// A point by chance.
  mutating func randomID() -> NodeID { .random(using: &random) }

  /// Lets one machine act, then sends what it has to send.
  mutating func act<Result>(
    _ node: Int, _ body: (inout DHTMachine, Instant) -> Result
  ) -> Result {
    let result = body(&nodes[node].machine, now)
    flush(node)
    return result
  }

  /// Sends bytes as if they came from that endpoint.
  mutating func inject(_ bytes: [UInt8], from sender: Endpoint, to node: Int) {
    push(node, at: now, (bytes, sender))
  }

  // MARK: - Time

  /// Lets a time pass, or until `isDone`, which is asked after each event that a machine raises.
  mutating func run(for duration: Duration, until isDone: (Self) -> Bool = { _ in false }) {
    let end = now + duration
    var seen = events.count
    while let event = queue.first, event.time <= end {
      pop()
      now = max(now, event.time)
      handle(event)
      if events.count != seen {
        seen = events.count
        if isDone(self) { return }
      }
    }
    now = end
  }

  private mutating func handle(_ event: Event) {
    guard let datagram = event.datagram else {
      guard event.time == nodes[event.node].planned else { return }
      nodes[event.node].planned = .distantFuture
      guard nodes[event.node].character != .dead else { return }
      nodes[event.node].machine.tick(now: now)
      return flush(event.node)
    }
    switch nodes[event.node].character {
    case .dead: return
    case .honest:
      nodes[event.node].machine.receive(datagram.bytes, from: datagram.sender, now: now)
      flush(event.node)
    case .liar, .babbler: pretend(event.node, datagram.bytes, to: datagram.sender)
    }
  }

  private mutating func flush(_ node: Int) {
    while let datagram = nodes[node].machine.nextDatagram() {
      send(datagram.bytes, from: nodes[node].endpoint, to: datagram.destination)
    }
    while let event = nodes[node].machine.nextEvent() { events.append((node, event)) }
    let deadline = max(nodes[node].machine.deadline, now)
    if deadline < nodes[node].planned {
      nodes[node].planned = deadline
      push(node, at: deadline, nil)
    }
  }

  private mutating func send(_ bytes: [UInt8], from sender: Endpoint, to receiver: Endpoint) {
    datagramCount += 1
    longestDatagram = max(longestDatagram, bytes.count)
    guard let node = places[receiver], random.next() % 1000 >= lossPerMille else { return }
    // Two nodes are always as far apart in time, whoever asks.
    let distance = (sender.address.hashBits ^ receiver.address.hashBits) % 60
    push(node, at: now + .milliseconds(10 + Int64(distance)), (bytes, sender))
  }

  private mutating func pretend(_ node: Int, _ bytes: [UInt8], to sender: Endpoint) {
    guard let message = try? KRPCMessage(parsing: bytes), case .query(let query) = message.body,
      let ownID = nodes[node].machine.state.ownID
    else { return }
    if nodes[node].character == .babbler {
      let noise = (0..<Int(random.next() % 300)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      return send(noise, from: nodes[node].endpoint, to: sender)
    }
    var reply = KRPCReply(sender: ownID)
    let target: NodeID
    switch query.method {
    case .findNode(let point): target = point
    case .getPeers(let point, _):
      target = point
      reply.token = [1, 2, 3]
    default: target = ownID
    }
    reply.nodes = (0..<8).map { index in
      let bytes = target.bytes.dropLast(2) + [UInt8(index), UInt8(random.next() & 0xFF)]
      let address = IPAddress.v4(UInt32(truncatingIfNeeded: random.next()) | 0x5000_0000)
      return NodeContact(
        id: NodeID(bytes) ?? target, endpoint: Endpoint(address: address, port: 1))
    }
    let answer = KRPCMessage(transaction: message.transaction, body: .reply(reply))
    send(answer.encodedBytes, from: nodes[node].endpoint, to: sender)
  }

  // MARK: - The queue: a binary heap, the soonest first, equals in the order in which they came

  private mutating func push(
    _ node: Int, at time: Instant, _ datagram: (bytes: [UInt8], sender: Endpoint)?
  ) {
    eventCount += 1
    queue.append(Event(time: time, number: eventCount, node: node, datagram: datagram))
    var child = queue.count - 1
    while child > 0, isSooner(child, (child - 1) / 2) {
      queue.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private mutating func pop() {
    queue.swapAt(0, queue.count - 1)
    queue.removeLast()
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < queue.count && isSooner(child, least) { least = child }
      guard least != parent else { return }
      queue.swapAt(parent, least)
      parent = least
    }
  }

  private func isSooner(_ left: Int, _ right: Int) -> Bool {
    let (left, right) = (queue[left], queue[right])
    return (left.time, left.number) < (right.time, right.number)
  }
}

extension IPAddress {
  /// The address as a number, for a latency that depends on it.
  fileprivate var hashBits: UInt64 {
    networkBytes.reduce(0) { ($0 &* 31 &+ UInt64($1)) & 0xFFFF }
  }
}

extension DHTWorld {
  /// A network of that many honest nodes, each of which has joined through one of the first few.
  static func joined(_ count: Int, seed: UInt64) -> DHTWorld {
    var world = DHTWorld(seed: seed)
    for number in 0..<count {
      let node = world.addNode()
      let router = number < 8 ? max(0, number - 1) : Int(world.random.next() % 8)
      guard router != node else { continue }
      let endpoint = world.nodes[router].endpoint
      // The first ones know each other as nodes, not as routers that nobody keeps.
      world.act(node) { machine, now in
        if number < 8 {
          machine.add(node: endpoint, now: now)
        } else {
          machine.add(router: endpoint, now: now)
        }
      }
      world.run(for: .milliseconds(number < 8 ? 1000 : 20))
    }
    world.run(for: .seconds(20))
    world.events = []
    return world
  }

  /// The info-hash that one search is for, and the node that begins it.
  struct Search {
    let infoHash: NodeID
    let node: Int
    var announcement: PeerAnnouncement?
  }

  /// The result of one search.
  struct Outcome {
    var peers: Set<Endpoint> = []
    /// The fewest hops to any peer.
    var hops: Int?
    var summary: LookupSummary?
  }

  /// Searches from one node and waits for the end.
  mutating func find(
    _ infoHash: NodeID, from node: Int, announcing announcement: PeerAnnouncement? = nil
  ) -> Outcome {
    findAll([Search(infoHash: infoHash, node: node, announcement: announcement)])[0]
  }

  /// Begins all searches at once and waits for their ends; a node may begin one of them.
  mutating func findAll(_ searches: [Search]) -> [Outcome] {
    events = []
    let ids = searches.map { search in
      act(search.node) { machine, now in
        machine.find(search.infoHash, announcing: search.announcement, now: now)
      }
    }
    run(for: .seconds(60)) { world in
      world.events.count >= searches.count
        && world.events.count { if case .ended = $0.event { true } else { false } }
          >= searches.count
    }
    var outcomes = searches.map { _ in Outcome() }
    for (number, search) in searches.enumerated() {
      for event in events where event.node == search.node {
        switch event.event {
        case .peers(let peers, let id, let hops) where ids[number].contains(id):
          outcomes[number].peers.formUnion(peers)
          outcomes[number].hops = min(outcomes[number].hops ?? hops, hops)
        case .ended(let id, let summary) where ids[number].contains(id):
          outcomes[number].summary = summary
        default: break
        }
      }
    }
    return outcomes
  }
}
