package import Primitives

/// The known peers, and the times at which to dial them.
///
/// A peer that could not be reached, or brought nothing, is tried again after rising pauses, and
/// given up after the last; one that was useful starts at the bottom again, and is tried at once
/// when its connection broke while it brought much. At most half of the room is for those that
/// other peers have named (BEP 11), who may be anybody. Bounded: beyond `limit` peers a new one
/// takes the place of one that has failed, and is not taken in when there is none. Of those that
/// are due, the one of the highest canonical priority is dialled first (BEP 40).
package struct PeerBook: Sendable {
  /// The pauses before the next try: 0 and 10 s, then 2, 15, 30, 60 and 120 min.
  package static let ladder: [Duration] = [
    .zero, .seconds(10), .seconds(120), .seconds(900), .seconds(1800), .seconds(3600),
    .seconds(7200),
  ]

  /// The number of bans of each kind that are remembered; a run that meets more liars has lost
  /// anyway.
  static let banLimit = 65_536

  /// The way in which a connection ended.
  package enum Parting: Sendable {
    /// The peer brought nothing.
    case useless
    /// The peer brought something.
    case useful
    /// The connection broke, or the peer ended it, after it had brought much.
    case interrupted
  }

  /// The time after which an interrupted peer is dialled, in seconds: not with all others at once.
  private static let interruptionPause = 0.05...0.15

  private enum State: Hashable, Sendable {
    case waiting
    case dialling
    case connected
  }

  private struct Entry: Sendable {
    var state: State
    /// The number of tries that failed since the last useful connection.
    var failures: Int
    /// The time at which it was last dialled, or its connection ended.
    var lastTry = Instant.zero
    /// The source that named it first.
    let source: PeerSource
  }

  private struct Appointment: Sendable {
    let time: Instant
    let endpoint: Endpoint
    var priority: UInt32
  }

  private let limit: Int
  private var random: SeededRandom
  private var entries: [Endpoint: Entry] = [:]
  /// The number of peers that strangers have named.
  private var hearsayCount = 0
  /// The peers to dial, the soonest first; equals in the order in which they came.
  private var appointments: [Appointment] = []
  /// The address at which peers see us; our port is the same in each family.
  private var ownAddress = OwnAddress()
  private var ownPort: UInt16 = 0
  /// IPv4 addresses and /64s of IPv6.
  private var bannedNetworks: Set<IPAddress> = []
  private var bannedEndpoints: Set<Endpoint> = []
  private var forgotten: Set<Endpoint> = []

  /// Creates an empty book.
  package init(limit: Int = 3000, random: SeededRandom) {
    self.limit = limit
    self.random = random
  }

  // MARK: - Learning

  /// Takes in a peer; returns whether it is new.
  ///
  /// One that is known and waits for its next try is tried earlier when a tracker or itself names
  /// it again: it may just have come back. That is what lets a leecher find a seeder that was
  /// restarted.
  @discardableResult
  package mutating func learn(
    _ endpoint: Endpoint, source: PeerSource, now: Instant
  ) -> Bool {
    if source == .tracker || source == .lsd, let entry = entries[endpoint], entry.state == .waiting
    {
      hurry(endpoint, to: max(now, entry.lastTry + Self.pauseWhenNamed(endpoint)))
      return false
    }
    guard entries[endpoint] == nil, !isBanned(endpoint), !forgotten.contains(endpoint),
      source != .pex || hearsayCount < limit / 2, entries.count < limit || dropLeastHopeful()
    else { return false }
    entries[endpoint] = Entry(state: .waiting, failures: 0, source: source)
    if source == .pex { hearsayCount += 1 }
    appoint(endpoint, at: now)
    return true
  }

  /// The known peers in the order of their addresses, and the sources that named them.
  private var known: [(endpoint: Endpoint, source: PeerSource)] {
    entries.map { (endpoint: $0.key, source: $0.value.source) }.sorted { left, right in
      left.endpoint.compactBytes.lexicographicallyPrecedes(right.endpoint.compactBytes)
    }
  }

  /// Returns the source that named a peer first; nil if the peer is not known any more.
  package func source(of endpoint: Endpoint) -> PeerSource? { entries[endpoint]?.source }

  /// Returns the time for which a peer that a tracker keeps naming, or the user wants, is left
  /// alone after a try; on this machine and in this network a dial costs nothing.
  private static func pauseWhenNamed(_ endpoint: Endpoint) -> Duration {
    endpoint.address.isLoopback || endpoint.address.isPrivate ? .seconds(3) : .seconds(60)
  }

  private mutating func hurry(_ endpoint: Endpoint, to time: Instant) {
    guard let index = appointments.firstIndex(where: { $0.endpoint == endpoint }),
      appointments[index].time > time
    else { return }
    appointments.remove(at: index)
    appoint(endpoint, at: time)
  }

  /// Makes us never dial this address again: it is ourselves, or a peer with another connection.
  package mutating func forget(_ endpoint: Endpoint) {
    drop(endpoint)
    if forgotten.count < limit { forgotten.insert(endpoint) }
  }

  /// Forgets the peers that were first named by one of some sources.
  package mutating func forgetAll(where isForgotten: (PeerSource) -> Bool) {
    for (endpoint, source) in known where isForgotten(source) { drop(endpoint) }
  }

  // MARK: - Dialling

  /// Returns the peer to dial now, if one is due; it counts as being dialled from then on.
  package mutating func nextDial(now: Instant) -> Endpoint? {
    var best: Int?
    for (index, appointment) in appointments.enumerated() {
      guard appointment.time <= now else { break }
      if let best, appointments[best].priority >= appointment.priority { continue }
      best = index
    }
    guard let best else { return nil }
    let next = appointments.remove(at: best)
    entries[next.endpoint]?.state = .dialling
    return next.endpoint
  }

  /// Records the address at which a peer sees us; `port` is the one on which we listen.
  package mutating func heard(ownAddress: IPAddress, from peer: IPAddress, port: UInt16) {
    let before = [false, true].map { self.ownAddress.address(isIPv6: $0) }
    self.ownAddress.heard(ownAddress, from: peer)
    ownPort = port
    guard before != [false, true].map({ self.ownAddress.address(isIPv6: $0) }) else { return }
    for index in appointments.indices {
      appointments[index].priority = priority(of: appointments[index].endpoint)
    }
  }

  /// Returns the canonical priority of a connection; 0 while our address is unknown.
  private func priority(of endpoint: Endpoint) -> UInt32 {
    let isIPv6 = endpoint.address.unmapped.isIPv6
    return ownAddress.address(isIPv6: isIPv6).map { address in
      PeerPriority.of(endpoint, seenFrom: Endpoint(address: address, port: ownPort))
    } ?? 0
  }

  /// The time at which the next peer becomes due.
  package var nextDialTime: Instant? { appointments.first?.time }

  /// Records that the dial has led to a connection.
  package mutating func connected(_ endpoint: Endpoint) {
    entries[endpoint]?.state = .connected
  }

  /// Records that the connection has ended; a useful peer is tried again soon, an interrupted one
  /// at once.
  package mutating func disconnected(_ endpoint: Endpoint, _ parting: Parting, now: Instant) {
    if parting != .useless { entries[endpoint]?.failures = 0 }
    guard parting == .interrupted, entries[endpoint] != nil, !isBanned(endpoint) else {
      return retry(endpoint, now: now)
    }
    entries[endpoint]?.state = .waiting
    entries[endpoint]?.lastTry = now
    let pause = Double.random(in: Self.interruptionPause, using: &random)
    appoint(endpoint, at: now + .seconds(pause))
  }

  /// Records that the dial has failed.
  package mutating func dialFailed(_ endpoint: Endpoint, now: Instant) {
    retry(endpoint, now: now)
  }

  private mutating func retry(_ endpoint: Endpoint, now: Instant) {
    guard var entry = entries[endpoint] else { return }
    entry.failures += 1
    // A peer that the user gave is never given up.
    let isGiven = entry.source == .given
    guard isGiven || entry.failures < Self.ladder.count, !isBanned(endpoint) else {
      remove(endpoint)
      return
    }
    entry.state = .waiting
    entry.lastTry = now
    entries[endpoint] = entry
    // Up to a tenth more, so that a swarm that fell apart does not come back in one instant.
    let step = Self.ladder[min(entry.failures, Self.ladder.count - 1)]
    let pause = isGiven ? min(step, Self.pauseWhenNamed(endpoint)) : step
    let jitter = Double.random(in: 0...0.1, using: &random)
    appoint(endpoint, at: now + pause + pause * jitter)
  }

  private mutating func appoint(_ endpoint: Endpoint, at time: Instant) {
    var range = 0..<appointments.count
    while !range.isEmpty {
      let middle = range.lowerBound + range.count / 2
      range =
        appointments[middle].time <= time
        ? middle + 1..<range.upperBound : range.lowerBound..<middle
    }
    appointments.insert(
      Appointment(time: time, endpoint: endpoint, priority: priority(of: endpoint)),
      at: range.lowerBound)
  }

  /// Makes room by giving up a peer that has failed and is due last; returns whether there was one.
  private mutating func dropLeastHopeful() -> Bool {
    guard let last = appointments.last, let entry = entries[last.endpoint], entry.failures > 0,
      entry.source != .given
    else { return false }
    appointments.removeLast()
    remove(last.endpoint)
    return true
  }

  @discardableResult
  private mutating func remove(_ endpoint: Endpoint) -> Entry? {
    let entry = entries.removeValue(forKey: endpoint)
    if entry?.source == .pex { hearsayCount -= 1 }
    return entry
  }

  private mutating func drop(_ endpoint: Endpoint) {
    guard let entry = remove(endpoint), entry.state == .waiting else {
      return
    }
    appointments.removeAll { $0.endpoint == endpoint }
  }

  // MARK: - Bans

  /// Bans a whole address, of IPv6 the /64 that it lies in: the owner of one address of it has all.
  package mutating func ban(_ address: IPAddress) {
    let network = address.network
    if bannedNetworks.count < Self.banLimit { bannedNetworks.insert(network) }
    let endpoints = appointments.map(\.endpoint).filter { $0.address.network == network }
    for endpoint in endpoints { drop(endpoint) }
  }

  /// Bans a peer: by its address, or by address and port where many peers share an address.
  package mutating func ban(_ endpoint: Endpoint) {
    if endpoint.address.isLoopback || endpoint.address.isPrivate {
      if bannedEndpoints.count < Self.banLimit { bannedEndpoints.insert(endpoint) }
      drop(endpoint)
    } else {
      drop(endpoint)
      ban(endpoint.address)
    }
  }

  /// Returns whether the peer is not to be spoken to.
  package func isBanned(_ endpoint: Endpoint) -> Bool {
    bannedNetworks.contains(endpoint.address.network) || bannedEndpoints.contains(endpoint)
  }

  // MARK: - Facts

  /// The number of peers that are known and not given up.
  package var knownCount: Int { entries.count }

  /// A Boolean value indicating whether anybody is connected, being dialled, or still to be tried.
  ///
  /// Peers whose last try failed don't count: a run that only has those needs new ones.
  package var hasCandidates: Bool {
    entries.values.contains { $0.state != .waiting || $0.failures == 0 }
  }
}
