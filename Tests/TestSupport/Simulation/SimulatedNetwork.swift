package import Networking
package import Primitives

/// A network of hosts in virtual time.
///
/// A packet of at most `packetSize` bytes leaves a host when its uplink is free. It travels for the
/// sum of both hosts' latencies and arrives through the other host's downlink, which takes time as
/// well. Connections of one host share its uplink in turns. They lose and reorder nothing: that is
/// what TCP guarantees, and the simulation models TCP as its users see it. Datagrams are lost,
/// duplicated and reordered as `datagrams` says.
@Reactor
package final class SimulatedNetwork {
  /// The maximum number of bytes that travel as one event.
  package nonisolated static let packetSize = 16384

  /// The trace of all events so far.
  package var trace = EventTrace()
  /// A Boolean value indicating whether to cut reads and writes short at random, as happens on real
  /// sockets.
  package var cutsTransfers = true
  /// The conditions for datagrams in transit.
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

  /// Returns the host with this address, creating it with the given options if necessary.
  package func host(
    _ address: IPAddress, options: SimulatedHost.Options = .init()
  ) -> SimulatedHost {
    if let host = hosts[address] { return host }
    let host = SimulatedHost(address: address, options: options, network: self)
    hosts[address] = host
    return host
  }

  /// Adds an unused address to a host, such as one of the other family.
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

  /// Returns the sockets that have joined a multicast group, in order of joining.
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

  /// Returns whether a random event happens; draws a number only if the probability is positive.
  func happens(_ probability: Double) -> Bool {
    probability > 0 && Double.random(in: 0..<1, using: &random) < probability
  }

  /// Returns how many of `count` bytes a transfer moves: usually all, sometimes fewer.
  func cut(_ count: Int) -> Int {
    guard cutsTransfers, count > 1, random.next() & 3 == 0 else { return count }
    return Int.random(in: 1...count, using: &random)
  }
}
