import Primitives

/// The running searches of a node, in the order in which they began.
struct DHTSearches: Sendable {
  /// The purpose of a search.
  enum Purpose: Sendable {
    /// The search fills the routing table.
    case nodes
    /// The search finds peers and then announces us, if there is an announcement.
    case peers(PeerAnnouncement?)
  }

  /// One search in one address family.
  struct Search: Sendable {
    let id: LookupID
    let side: Int
    let purpose: Purpose
    var lookup: Lookup
    /// The number of outstanding announces; nil during the query phase.
    var owedAnnounces: Int?
    var announced = 0

    /// A Boolean value indicating whether its queries and announces are all settled.
    var isOver: Bool { owedAnnounces == 0 }

    /// The outcome so far.
    var summary: LookupSummary {
      LookupSummary(replies: lookup.replyCount, announced: announced)
    }
  }

  private var running: [Search] = []
  private var begun = 0

  /// The identifiers of all searches.
  var ids: [LookupID] { running.map(\.id) }

  /// A search that is running; nil otherwise, and setting nil ends it.
  subscript(id: LookupID) -> Search? {
    get { running.first { $0.id == id } }
    set {
      guard let index = running.firstIndex(where: { $0.id == id }) else { return }
      if let newValue { running[index] = newValue } else { running.remove(at: index) }
    }
  }

  /// Begins a search, unless too many are running.
  mutating func begin(_ purpose: Purpose, _ lookup: Lookup, side: Int) -> LookupID? {
    guard running.count < DHTMachine.lookupLimit else { return nil }
    begun += 1
    let id = LookupID(value: begun)
    running.append(Search(id: id, side: side, purpose: purpose, lookup: lookup))
    return id
  }

  /// Returns whether a search is filling the routing table of a family.
  func isFilling(_ side: Int) -> Bool {
    running.contains { search in
      guard search.side == side, case .nodes = search.purpose else { return false }
      return true
    }
  }

  /// A Boolean value indicating whether a search has a node to query now.
  var wantsToAsk: Bool {
    running.contains { if case .ask = $0.lookup.nextStep() { true } else { false } }
  }

  /// Lets a search stop waiting for a slow reply; it may query other nodes in the meantime.
  mutating func slowed(_ transaction: Transaction) {
    guard case .lookup(let id) = transaction.purpose else { return }
    self[id]?.lookup.slowed(transaction.endpoint)
  }

  /// Offers a node of unknown id to the searches of a family.
  mutating func offer(_ endpoint: Endpoint, side: Int) {
    for index in running.indices where running[index].side == side {
      running[index].lookup.add(unnamed: endpoint)
    }
  }

  /// Offers nodes to the searches of a family.
  mutating func offer(_ nodes: [NodeContact], side: Int) {
    for index in running.indices where running[index].side == side {
      running[index].lookup.add(nodes)
    }
  }
}
