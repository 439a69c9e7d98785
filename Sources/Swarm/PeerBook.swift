package import Primitives

/// Where a peer's address came from.
package enum PeerSource: Hashable, Sendable {
  /// A tracker named it.
  case tracker
  /// The user named it.
  case given
}

/// Who is known, and whom to dial when.
///
/// A peer that could not be reached, or brought nothing, is tried again after rising pauses, and
/// given up after the last; one that was useful starts at the bottom again. Bounded: beyond `limit`
/// peers a new one takes the place of one that has failed, and is not taken in when there is none.
package struct PeerBook: Sendable {
  /// The pauses before the next try: 0 and 10 s, then 2, 15, 30, 60 and 120 min.
  package static let ladder: [Duration] = [
    .zero, .seconds(10), .seconds(120), .seconds(900), .seconds(1800), .seconds(3600),
    .seconds(7200),
  ]

  /// How many bans are remembered of each kind; a run that meets more liars has lost anyway.
  static let banLimit = 65_536

  private enum State: Hashable, Sendable {
    case waiting
    case dialling
    case connected
  }

  private struct Entry: Sendable {
    var state: State
    /// How many tries have failed since the last useful connection.
    var failures: Int
    /// When it was last dialled, or the connection ended.
    var lastTry = Instant.zero
  }

  private struct Appointment: Sendable {
    let time: Instant
    let endpoint: Endpoint
  }

  private let limit: Int
  private var random: SeededRandom
  private var entries: [Endpoint: Entry] = [:]
  /// Who is to be dialled, the soonest first; equals in the order in which they came.
  private var appointments: [Appointment] = []
  private var bannedAddresses: Set<IPAddress> = []
  private var bannedEndpoints: Set<Endpoint> = []
  private var forgotten: Set<Endpoint> = []

  /// Creates an empty book.
  package init(limit: Int = 3000, random: SeededRandom) {
    self.limit = limit
    self.random = random
  }

  // MARK: - Learning

  /// Takes in a peer.
  ///
  /// One that is known and waits for its next try is tried earlier when a tracker names it again:
  /// it may just have come back. That is what lets a leecher find a seeder that was restarted.
  package mutating func learn(_ endpoint: Endpoint, source: PeerSource, now: Instant) {
    if source == .tracker, let entry = entries[endpoint], entry.state == .waiting {
      return hurry(endpoint, to: max(now, entry.lastTry + Self.pauseWhenNamed(endpoint)))
    }
    guard entries[endpoint] == nil, !isBanned(endpoint), !forgotten.contains(endpoint),
      entries.count < limit || dropLeastHopeful()
    else { return }
    entries[endpoint] = Entry(state: .waiting, failures: 0)
    appoint(endpoint, at: now)
  }

  /// How long a peer that a tracker keeps naming is left alone after a try; on this machine and in
  /// this network a dial costs nothing.
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

  /// Never dials this address again: it is ourselves, or a peer that we have in another way.
  package mutating func forget(_ endpoint: Endpoint) {
    drop(endpoint)
    if forgotten.count < limit { forgotten.insert(endpoint) }
  }

  // MARK: - Dialling

  /// The peer to dial now, if one is due; it counts as being dialled from then on.
  package mutating func nextDial(now: Instant) -> Endpoint? {
    guard let next = appointments.first, next.time <= now else { return nil }
    appointments.removeFirst()
    entries[next.endpoint]?.state = .dialling
    return next.endpoint
  }

  /// When the next peer becomes due.
  package var nextDialTime: Instant? { appointments.first?.time }

  /// The dial has led to a connection.
  package mutating func connected(_ endpoint: Endpoint) {
    entries[endpoint]?.state = .connected
  }

  /// The connection has ended; a useful peer is tried again soon.
  package mutating func disconnected(_ endpoint: Endpoint, wasUseful: Bool, now: Instant) {
    if wasUseful { entries[endpoint]?.failures = 0 }
    retry(endpoint, now: now)
  }

  /// The dial has failed.
  package mutating func dialFailed(_ endpoint: Endpoint, now: Instant) {
    retry(endpoint, now: now)
  }

  private mutating func retry(_ endpoint: Endpoint, now: Instant) {
    guard var entry = entries[endpoint] else { return }
    entry.failures += 1
    guard entry.failures < Self.ladder.count, !isBanned(endpoint) else {
      entries[endpoint] = nil
      return
    }
    entry.state = .waiting
    entry.lastTry = now
    entries[endpoint] = entry
    // Up to a tenth more, so that a swarm that fell apart does not come back in one instant.
    let pause = Self.ladder[entry.failures]
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
    appointments.insert(Appointment(time: time, endpoint: endpoint), at: range.lowerBound)
  }

  /// Makes room by giving up a peer that has failed and is due last; returns whether there was one.
  private mutating func dropLeastHopeful() -> Bool {
    guard let last = appointments.last, entries[last.endpoint]?.failures ?? 0 > 0 else {
      return false
    }
    appointments.removeLast()
    entries[last.endpoint] = nil
    return true
  }

  private mutating func drop(_ endpoint: Endpoint) {
    guard let entry = entries.removeValue(forKey: endpoint), entry.state == .waiting else {
      return
    }
    appointments.removeAll { $0.endpoint == endpoint }
  }

  // MARK: - Bans

  /// Bans a whole address.
  package mutating func ban(_ address: IPAddress) {
    let address = address.unmapped
    if bannedAddresses.count < Self.banLimit { bannedAddresses.insert(address) }
    let endpoints = appointments.map(\.endpoint).filter { $0.address.unmapped == address }
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

  /// Whether the peer is not to be spoken to.
  package func isBanned(_ endpoint: Endpoint) -> Bool {
    bannedAddresses.contains(endpoint.address.unmapped) || bannedEndpoints.contains(endpoint)
  }

  // MARK: - Facts

  /// How many peers are known and not given up.
  package var knownCount: Int { entries.count }

  /// Whether anybody is connected, being dialled, or still to be tried.
  ///
  /// Peers whose last try failed don't count: a run that only has those needs new ones.
  package var hasCandidates: Bool {
    entries.values.contains { $0.state != .waiting || $0.failures == 0 }
  }
}
