package import Networking
package import Primitives

/// A network of hosts in virtual time.
///
/// A packet of at most `packetSize` bytes leaves a host when its uplink is free, travels for the
/// sum of both hosts' latencies and comes in through the other's downlink, which takes its time as
/// well. Connections of one host share its uplink in turns. Nothing of them is lost or reordered:
/// that is TCP's promise, and the simulation is of TCP as its users see it. Datagrams are lost,
/// doubled and reordered as `datagrams` says.
@Reactor
package final class SimulatedNetwork {
  /// The most bytes that travel as one event.
  package nonisolated static let packetSize = 16384

  /// What has happened so far.
  package var trace = EventTrace()
  /// Whether reads and writes are cut short at random places, as real ones are.
  package var cutsTransfers = true
  /// What happens to datagrams on their way.
  package var datagrams = DatagramConditions()

  let clock: SimulatedClock
  var random: SeededRandom
  private var hosts: [IPAddress: SimulatedHost] = [:]
  private var names: [String: [IPAddress]] = [:]
  private var groups: [Endpoint: [SimulatedDatagramSocket]] = [:]
  private var connectionCount = 0

  init(clock: SimulatedClock, seed: UInt64) {
    self.clock = clock
    random = SeededRandom(seed: seed)
  }

  /// The host with this address, made with default options when it is new.
  package func host(
    _ address: IPAddress, options: SimulatedHost.Options = .init()
  ) -> SimulatedHost {
    if let host = hosts[address] { return host }
    let host = SimulatedHost(address: address, options: options, network: self)
    hosts[address] = host
    return host
  }

  /// Gives a host one more address, such as one of the other family; it must be free.
  package func add(_ address: IPAddress, to host: SimulatedHost) {
    precondition(hosts[address] == nil, "\(address) is taken")
    hosts[address] = host
    host.addresses.append(address)
  }

  /// Makes a host name resolvable.
  package func setName(_ name: String, to addresses: [IPAddress]) {
    names[name] = addresses
  }

  func addresses(of name: String) -> [IPAddress]? { names[name] }

  func existingHost(_ address: IPAddress) -> SimulatedHost? { hosts[address] }

  /// The sockets that have joined a multicast group, in the order of their joining.
  func members(of group: Endpoint) -> [SimulatedDatagramSocket] { groups[group] ?? [] }

  func join(_ group: Endpoint, _ socket: SimulatedDatagramSocket) {
    groups[group, default: []].append(socket)
  }

  func leave(_ group: Endpoint, _ socket: SimulatedDatagramSocket) {
    groups[group]?.removeAll { $0 === socket }
  }

  func latency(from one: SimulatedHost, to other: SimulatedHost) -> Duration {
    one === other ? .zero : one.options.latency + other.options.latency
  }

  func nextConnectionNumber() -> Int {
    connectionCount += 1
    return connectionCount
  }

  func record(_ kind: EventTrace.Kind, connection: Int, value: Int) {
    trace.record(kind, at: clock.now, connection: connection, value: value)
  }

  /// Whether an event of this probability happens; draws only when that is open.
  func happens(_ probability: Double) -> Bool {
    probability > 0 && Double.random(in: 0..<1, using: &random) < probability
  }

  /// How many of `count` bytes a transfer moves: mostly all, now and then fewer.
  func cut(_ count: Int) -> Int {
    guard cutsTransfers, count > 1, random.next() & 3 == 0 else { return count }
    return Int.random(in: 1...count, using: &random)
  }
}
