import Primitives

/// The nodes that share a certain number of leading bits with our id.
struct RoutingBucket: Sendable {
  /// The maximum number of nodes waiting to replace one that fails.
  static let replacementLimit = 8

  struct Entry: Sendable {
    var contact: NodeContact
    let isTrusted: Bool
    /// The last time the node replied to us or queried us.
    var lastSeen: Instant
    /// The number of queries since then without a reply.
    var failures = 0
  }

  let capacity: Int
  /// Nodes that have replied to us, in order of arrival.
  private(set) var entries: [Entry] = []
  /// Nodes that have replied to us but found no room, latest last.
  private(set) var replacements: [Entry] = []
  /// The last time the bucket's nodes changed or replied.
  var lastChanged: Instant

  init(capacity: Int, lastChanged: Instant) {
    self.capacity = capacity
    self.lastChanged = lastChanged
  }

  var isFull: Bool { entries.count >= capacity }

  func index(of id: NodeID) -> Int? {
    entries.firstIndex { $0.contact.id == id }
  }

  /// Records a sign of life from a known node.
  mutating func seen(_ index: Int, now: Instant) {
    entries[index].lastSeen = now
    entries[index].failures = 0
    lastChanged = now
  }

  /// Adds a node that has replied if there is room or a worse node to evict, and else as a
  /// replacement.
  ///
  /// Returns the contact that was forgotten in its favour, if any.
  mutating func insert(_ entry: Entry, now: Instant) -> NodeContact? {
    lastChanged = now
    if !isFull {
      entries.append(entry)
      return nil
    }
    if let index = indexOfWorst(than: entry) {
      defer { entries[index] = entry }
      return entries[index].contact
    }
    replacements.append(entry)
    return replacements.count > Self.replacementLimit ? replacements.removeFirst().contact : nil
  }

  /// Returns the node to evict in favour of a new one.
  ///
  /// That is the node that failed most often. If none has failed, it is a node whose id is not
  /// valid for its address, provided that the newcomer's is.
  private func indexOfWorst(than newcomer: Entry) -> Int? {
    let worst = entries.indices.max { entries[$0].failures < entries[$1].failures }
    if let worst, entries[worst].failures > 0 { return worst }
    return newcomer.isTrusted ? entries.firstIndex { !$0.isTrusted } : nil
  }

  /// Records a query without a reply; returns the node if it was evicted.
  ///
  /// A node is evicted on its second failure if a replacement waits, and on failure number `limit`
  /// in any case.
  mutating func failed(_ index: Int, limit: Int) -> NodeContact? {
    entries[index].failures += 1
    let failures = entries[index].failures
    guard failures >= limit || failures >= 2 && !replacements.isEmpty else { return nil }
    return remove(index)
  }

  /// Removes a node and promotes the most recently seen replacement.
  mutating func remove(_ index: Int) -> NodeContact {
    let contact = entries.remove(at: index).contact
    if let next = replacements.popLast() { entries.append(next) }
    return contact
  }

  /// Removes a node from the entries or replacements; returns whether it was there.
  mutating func remove(_ id: NodeID, at endpoint: Endpoint) -> Bool {
    if let index = entries.firstIndex(where: { $0.contact.id == id }) {
      guard entries[index].contact.endpoint == endpoint else { return false }
      _ = remove(index)
      return true
    }
    let before = replacements.count
    replacements.removeAll { $0.contact.id == id && $0.contact.endpoint == endpoint }
    return replacements.count < before
  }
}
