import Primitives

/// What a node has for each family of addresses: IPv4 and IPv6 are two networks (BEP 32).
struct DHTSide: Sendable {
  /// How many nodes of each kind are kept in mind besides the table.
  static let rememberedLimit = 200
  /// How many nodes wait to be asked for a sign of life.
  static let strangerLimit = 32

  let isIPv6: Bool
  var table: RoutingTable
  /// The peers of this family that others have announced to us.
  var store = PeerStore()
  var votes = AddressVotes()
  /// Addresses to begin at, which never get into the table: public ones have enough to do.
  private(set) var routers: [Endpoint] = []
  /// Nodes to begin at that have not answered yet: from an earlier run, or from the other family.
  private(set) var starters: [NodeContact] = []
  /// Nodes that may get into the table, once they have answered.
  private var strangers: [NodeContact] = []
  /// When to try again to get to know somebody, while we know too few.
  var nextJoin = Instant.zero
  /// How many searches for ourselves have been begun.
  var joins = 0

  init(isIPv6: Bool, ownID: NodeID) {
    self.isIPv6 = isIPv6
    table = RoutingTable(ownID: ownID)
  }

  /// Whether we know too few nodes to do without help.
  var isLonely: Bool { table.count < RoutingTable.width }

  /// Whether there is anybody to begin at.
  var hasBeginning: Bool { table.count > 0 || !routers.isEmpty || !starters.isEmpty }

  mutating func add(router: Endpoint) {
    guard routers.count < Self.rememberedLimit, !routers.contains(router) else { return }
    routers.append(router)
  }

  mutating func add(starters contacts: [NodeContact]) {
    for contact in contacts where starters.count < Self.rememberedLimit {
      if contact.endpoint.isPossibleNode(isIPv6: isIPv6), !starters.contains(contact) {
        starters.append(contact)
      }
    }
  }

  /// Remembers a node that has asked us something, or that somebody has named, to ask it for a sign
  /// of life; when there are too many, the one that we need least goes.
  mutating func add(stranger contact: NodeContact) {
    guard !strangers.contains(contact) else { return }
    strangers.append(contact)
    guard strangers.count > Self.strangerLimit else { return }
    if let index = strangers.indices.max(by: { need($0) < need($1) }) {
      strangers.remove(at: index)
    }
  }

  /// The node to ask that we need most: one from where we know fewest, and of these the closest.
  mutating func nextStranger() -> NodeContact? {
    let index = strangers.indices.min { need($0) < need($1) }
    return index.map { strangers.remove(at: $0) }
  }

  private func need(_ stranger: Int) -> (Int, NodeID) {
    let id = strangers[stranger].id
    return (table.neighbourCount(of: id), table.ownID.distance(to: id))
  }

  /// A search that begins at the closest nodes that we know.
  func lookup(for target: NodeID) -> Lookup {
    var lookup = Lookup(target: target, ownID: table.ownID, isIPv6: isIPv6)
    lookup.add(table.closest(to: target, count: 2 * RoutingTable.width))
    if isLonely {
      lookup.add(starters)
      for router in routers { lookup.add(unnamed: router) }
    }
    return lookup
  }

  /// Takes an id that our address allows, and keeps the nodes that we know.
  mutating func renew(_ id: NodeID, now: Instant) {
    let contacts = table.contacts
    table = RoutingTable(ownID: id)
    for contact in contacts { table.answered(contact, now: now) }
    nextJoin = now
    joins = 0
  }
}
