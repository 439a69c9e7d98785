import Primitives

/// The state of a node in one address family; IPv4 and IPv6 are separate networks (BEP 32).
struct DHTSide: Sendable {
  /// The maximum number of routers, and of starters, remembered besides the table.
  static let rememberedLimit = 200
  /// The maximum number of unverified nodes waiting for a ping.
  static let strangerLimit = 32

  let isIPv6: Bool
  var table: RoutingTable
  /// The peers of this family that other nodes have announced to us.
  var store = PeerStore()
  var votes = AddressVotes()
  /// The bootstrap routers, kept out of the table because the public ones are busy enough.
  private(set) var routers: [Endpoint] = []
  /// Unverified nodes to start from, known from an earlier run or through the other family.
  private(set) var starters: [NodeContact] = []
  /// Unverified nodes that may enter the table once they reply.
  private var strangers: [NodeContact] = []
  /// The time of the next bootstrap attempt while the table has too few nodes.
  var nextJoin = Instant.zero
  /// The number of searches for our own id so far.
  var joins = 0

  init(isIPv6: Bool, ownID: NodeID) {
    self.isIPv6 = isIPv6
    table = RoutingTable(ownID: ownID)
  }

  /// A Boolean value indicating whether the table has too few nodes to work without bootstrapping.
  var isLonely: Bool { table.count < RoutingTable.width }

  /// A Boolean value indicating whether there is any node to start a search from.
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

  /// Adds a node that has replied to the table, unless it is a bootstrap router.
  mutating func answered(_ contact: NodeContact, now: Instant) {
    guard !routers.contains(contact.endpoint) else { return }
    table.answered(contact, now: now)
  }

  /// Remembers an unverified node, which has queried us or was named by another node, for a later
  /// ping.
  ///
  /// When there are too many, the least needed one is dropped.
  mutating func add(stranger contact: NodeContact) {
    guard !strangers.contains(contact) else { return }
    strangers.append(contact)
    guard strangers.count > Self.strangerLimit else { return }
    if let index = strangers.indices.max(by: { need($0) < need($1) }) {
      strangers.remove(at: index)
    }
  }

  /// Removes and returns the most needed unverified node: one for the emptiest bucket, closest to
  /// us.
  mutating func nextStranger() -> NodeContact? {
    let index = strangers.indices.min { need($0) < need($1) }
    return index.map { strangers.remove(at: $0) }
  }

  private func need(_ stranger: Int) -> (Int, NodeID) {
    let id = strangers[stranger].id
    return (table.neighbourCount(of: id), table.ownID.distance(to: id))
  }

  /// Creates a search that starts from the closest known nodes.
  func lookup(for target: NodeID) -> Lookup {
    var lookup = Lookup(target: target, ownID: table.ownID, isIPv6: isIPv6)
    lookup.add(table.closest(to: target, count: 2 * RoutingTable.width))
    if isLonely {
      lookup.add(starters)
      for router in routers { lookup.add(unnamed: router) }
    }
    return lookup
  }

  /// Switches to an id that is valid for our address, and keeps the known nodes.
  mutating func renew(_ id: NodeID, now: Instant) {
    let contacts = table.contacts
    table = RoutingTable(ownID: id)
    for contact in contacts { table.answered(contact, now: now) }
    nextJoin = now
    joins = 0
  }
}
