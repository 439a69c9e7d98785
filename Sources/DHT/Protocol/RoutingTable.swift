import Primitives

/// The known good nodes of one family, dense near our own id and sparse elsewhere (BEP 5).
///
/// Bucket i holds nodes that share exactly i leading bits with us. The first buckets hold more than
/// eight nodes, so that a search starts close to its target. Only nodes that have replied to us
/// enter. Nobody can fill the table alone: a public address has one place in the whole table, and a
/// /24 (IPv6: /64) has one in each bucket. A node counts as good for 15 minutes after a sign of
/// life, and is then pinged.
struct RoutingTable: Sendable {
  /// The number of nodes in a reply and around a torrent: Kademlia's k.
  static let width = 8
  /// The time after which a node is pinged, or an unchanged bucket refreshed.
  static let freshness = Duration.seconds(900)
  /// The number of unanswered queries after which a node is evicted.
  static let failureLimit = 5
  /// The pause between two pings to a node that does not reply.
  static let retryPause = Duration.seconds(30)

  /// Our own node id.
  let ownID: NodeID
  private(set) var buckets: [RoutingBucket] = []
  /// The node id at each public address.
  private var owners: [IPAddress: NodeID] = [:]
  /// The time of the last ping to each node.
  private var lastPings: [NodeID: Instant] = [:]
  /// The time before which no ping is due.
  private var nextCheck = Instant.zero

  /// Creates an empty table around our own id.
  init(ownID: NodeID) {
    self.ownID = ownID
  }

  private static func capacity(ofBucket index: Int) -> Int {
    index < 4 ? 128 >> index : width
  }

  /// The number of nodes in the table.
  var count: Int { buckets.reduce(0) { $0 + $1.entries.count } }

  /// All nodes, farthest first.
  var contacts: [NodeContact] { buckets.flatMap { $0.entries.map(\.contact) } }

  // MARK: - Learning

  /// Records that a node has replied to one of our queries.
  mutating func answered(_ contact: NodeContact, now: Instant) {
    guard contact.id != ownID else { return }
    let index = makeBucket(of: contact.id, now: now)
    lastPings[contact.id] = nil
    if let known = buckets[index].index(of: contact.id) {
      // Another address under a known id is a forgery or a move; the old one stays until it fails.
      guard buckets[index].entries[known].contact.endpoint == contact.endpoint else { return }
      return buckets[index].seen(known, now: now)
    }
    dropFormerID(of: contact)
    guard mayEnter(contact, bucket: index) else { return }
    let entry = RoutingBucket.Entry(
      contact: contact, isTrusted: contact.isTrusted, lastSeen: now)
    owners[contact.endpoint.address] = isCounted(contact) ? contact.id : nil
    if let gone = buckets[index].insert(entry, now: now) { forget(gone) }
  }

  /// Records a query from a node; returns whether it is unknown and would be welcome if it replied.
  mutating func asked(by contact: NodeContact, now: Instant) -> Bool {
    guard contact.id != ownID else { return false }
    let index = bucketIndex(of: contact.id)
    guard index < buckets.count else { return mayEnterAddress(contact) }
    if let known = buckets[index].index(of: contact.id) {
      if buckets[index].entries[known].contact.endpoint == contact.endpoint,
        buckets[index].entries[known].failures == 0
      {
        buckets[index].seen(known, now: now)
      }
      return false
    }
    let isWanted =
      !buckets[index].isFull || buckets[index].entries.contains { $0.failures > 0 }
    return isWanted && mayEnter(contact, bucket: index)
  }

  /// Returns whether a node named by another node is unknown and belongs to a sparse bucket.
  func wants(_ contact: NodeContact) -> Bool {
    let index = bucketIndex(of: contact.id)
    guard contact.id != ownID, mayEnterAddress(contact) else { return false }
    guard index < buckets.count else { return true }
    return buckets[index].entries.count < Self.width / 2
      && buckets[index].index(of: contact.id) == nil
      && mayEnter(contact, bucket: index)
  }

  /// Returns the number of known nodes in the bucket of an id.
  func neighbourCount(of id: NodeID) -> Int {
    let index = bucketIndex(of: id)
    return index < buckets.count ? buckets[index].entries.count : 0
  }

  /// Records that a node has not replied in time.
  mutating func failed(_ contact: NodeContact) {
    let index = bucketIndex(of: contact.id)
    guard index < buckets.count, let known = buckets[index].index(of: contact.id),
      buckets[index].entries[known].contact.endpoint == contact.endpoint,
      let gone = buckets[index].failed(known, limit: Self.failureLimit)
    else { return }
    forget(gone)
  }

  private func bucketIndex(of id: NodeID) -> Int {
    min(ownID.commonPrefixLength(with: id), NodeID.bitCount - 1)
  }

  private mutating func makeBucket(of id: NodeID, now: Instant) -> Int {
    let index = bucketIndex(of: id)
    while buckets.count <= index {
      buckets.append(
        RoutingBucket(capacity: Self.capacity(ofBucket: buckets.count), lastChanged: now))
    }
    return index
  }

  // MARK: - One owner, one place

  private func isCounted(_ contact: NodeContact) -> Bool {
    contact.endpoint.address.ownerNetwork != nil
  }

  private func mayEnterAddress(_ contact: NodeContact) -> Bool {
    owners[contact.endpoint.address] == nil
  }

  private func mayEnter(_ contact: NodeContact, bucket index: Int) -> Bool {
    guard mayEnterAddress(contact) else { return false }
    guard let network = contact.endpoint.address.ownerNetwork else { return true }
    return !buckets[index].entries.contains {
      $0.contact.endpoint.address.ownerNetwork == network
    }
  }

  /// Removes the previous id of a known address that now uses another id.
  private mutating func dropFormerID(of contact: NodeContact) {
    guard let former = owners[contact.endpoint.address], former != contact.id else { return }
    let index = bucketIndex(of: former)
    guard index < buckets.count, buckets[index].remove(former, at: contact.endpoint) else { return }
    owners[contact.endpoint.address] = nil
    lastPings[former] = nil
  }

  private mutating func forget(_ contact: NodeContact) {
    if owners[contact.endpoint.address] == contact.id { owners[contact.endpoint.address] = nil }
    lastPings[contact.id] = nil
  }

  // MARK: - Asking the table

  /// Returns the nodes closest to an id, closest first.
  ///
  /// - Parameters:
  ///   - target: The id.
  ///   - count: The maximum number of nodes.
  ///   - answering: True to leave out nodes that have not replied to our last query.
  /// - Returns: Up to `count` nodes.
  func closest(
    to target: NodeID, count: Int = width, answering: Bool = false
  ) -> [NodeContact] {
    var nearest = NearestNodes(target: target, count: count)
    func take(_ bucket: RoutingBucket) {
      for entry in bucket.entries where !answering || entry.failures == 0 {
        nearest.add(entry.contact)
      }
    }
    // The target's own bucket is closest to it, followed by all buckets nearer to us and then by
    // the farther ones in order.
    let home = bucketIndex(of: target)
    if home < buckets.count {
      take(buckets[home])
      if !nearest.isFull { buckets[(home + 1)...].forEach(take) }
    }
    var index = min(home, buckets.count) - 1
    while index >= 0, !nearest.isFull {
      take(buckets[index])
      index -= 1
    }
    return nearest.contacts
  }

  /// Returns a node that is due for a ping, because it was silent for 15 minutes or has failed.
  mutating func nextToPing(now: Instant) -> NodeContact? {
    guard now >= nextCheck else { return nil }
    var oldest: RoutingBucket.Entry?
    for bucket in buckets {
      for entry in bucket.entries {
        guard now - entry.lastSeen >= Self.freshness || entry.failures > 0,
          lastPings[entry.contact.id].map({ now - $0 >= Self.retryPause }) ?? true
        else { continue }
        if oldest.map({ entry.lastSeen < $0.lastSeen }) ?? true { oldest = entry }
      }
    }
    guard let oldest else {
      nextCheck = now + Self.retryPause
      return nil
    }
    lastPings[oldest.contact.id] = now
    return oldest.contact
  }

  /// Returns an id to search for in order to refresh a bucket that has not changed for 15 minutes.
  mutating func nextRefresh(now: Instant, using random: inout SeededRandom) -> NodeID? {
    let due = buckets.firstIndex { now - $0.lastChanged >= Self.freshness }
    guard let due else { return nil }
    buckets[due].lastChanged = now
    return ownID.neighbour(sharing: due, using: &random)
  }
}

/// The closest nodes among those added.
private struct NearestNodes {
  private let target: NodeID
  private let count: Int
  private var nodes: [(distance: NodeID, contact: NodeContact)] = []

  init(target: NodeID, count: Int) {
    self.target = target
    self.count = max(count, 0)
  }

  var isFull: Bool { nodes.count >= count }

  /// The nodes, closest first.
  var contacts: [NodeContact] { nodes.map(\.contact) }

  mutating func add(_ contact: NodeContact) {
    let distance = target.distance(to: contact.id)
    if isFull {
      guard let last = nodes.last, distance < last.distance else { return }
      nodes.removeLast()
    }
    var index = nodes.count
    while index > 0, distance < nodes[index - 1].distance { index -= 1 }
    nodes.insert((distance, contact), at: index)
  }
}
