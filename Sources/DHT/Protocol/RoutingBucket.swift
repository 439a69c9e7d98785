import Primitives

/// The nodes that share a certain number of leading bits with us.
struct RoutingBucket: Sendable {
  /// How many nodes wait to take the place of one that fails.
  static let replacementLimit = 8

  struct Entry: Sendable {
    var contact: NodeContact
    let isTrusted: Bool
    /// The last time that it answered us, or asked us something.
    var lastSeen: Instant
    /// Queries since then that it has not answered.
    var failures = 0
  }

  let capacity: Int
  /// Nodes that have answered us, in the order in which they came.
  private(set) var entries: [Entry] = []
  /// Nodes that have answered us and found no room, the latest last.
  private(set) var replacements: [Entry] = []
  /// When its nodes last changed or answered.
  var lastChanged: Instant

  init(capacity: Int, lastChanged: Instant) {
    self.capacity = capacity
    self.lastChanged = lastChanged
  }

  var isFull: Bool { entries.count >= capacity }

  func index(of id: NodeID) -> Int? {
    entries.firstIndex { $0.contact.id == id }
  }

  /// A known node has given a sign of life.
  mutating func seen(_ index: Int, now: Instant) {
    entries[index].lastSeen = now
    entries[index].failures = 0
    lastChanged = now
  }

  /// Takes in a node that has answered: where there is room, or where one is worse.
  ///
  /// Returns what is not known any more because of it.
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

  /// The node whose place a new one may take: the one that failed most often, else one whose id its
  /// address does not allow.
  private func indexOfWorst(than newcomer: Entry) -> Int? {
    let worst = entries.indices.max { entries[$0].failures < entries[$1].failures }
    if let worst, entries[worst].failures > 0 { return worst }
    return newcomer.isTrusted ? entries.firstIndex { !$0.isTrusted } : nil
  }

  /// A node has not answered; what is forgotten because of it.
  ///
  /// A second failure costs its place when another node waits for it, the fifth in any case.
  mutating func failed(_ index: Int, limit: Int) -> NodeContact? {
    entries[index].failures += 1
    let failures = entries[index].failures
    guard failures >= limit || failures >= 2 && !replacements.isEmpty else { return nil }
    return remove(index)
  }

  /// Removes a node and fills its place with the replacement that was seen last.
  mutating func remove(_ index: Int) -> NodeContact {
    let contact = entries.remove(at: index).contact
    if let next = replacements.popLast() { entries.append(next) }
    return contact
  }

  /// Removes a node wherever it is; whether it was there.
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
