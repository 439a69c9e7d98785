import Primitives

/// An iterative search through the network for the nodes closest to an id (BEP 5).
///
/// Four nodes are queried at a time, closest first. A node that takes longer than a second no
/// longer counts towards the four, but may still reply. The search ends when the eight closest
/// known nodes have replied.
///
/// Nodes whose id is not valid for their address do not count towards these eight (BEP 42). Only
/// one node of each public /24 (IPv6: /64) is queried, so that nobody can surround an id
/// single-handedly (Sybil attack).
struct Lookup: Sendable {
  static let parallelism = 4
  static let width = RoutingTable.width
  /// The maximum number of remembered candidates.
  static let candidateLimit = 96
  /// The maximum number of queries in a search.
  static let queryLimit = 200

  enum State: Sendable {
    case fresh
    case asked
    case slow
    case replied
    case failed
  }

  struct Candidate: Sendable {
    let endpoint: Endpoint
    /// The node's id; nil if only the address is known.
    var id: NodeID?
    var distance: NodeID
    var isTrusted: Bool
    var state = State.fresh
    /// The length of the path to the node, including itself.
    let hops: Int
    var token: [UInt8]?
  }

  /// The next action of a search.
  enum Step: Equatable {
    /// Query this node.
    case ask(Endpoint, id: NodeID?)
    /// Wait for outstanding replies.
    case wait
    /// End the search.
    case done
  }

  let target: NodeID
  let ownID: NodeID
  let isIPv6: Bool
  /// The candidates, closest first; those with an unknown id come last.
  private(set) var candidates: [Candidate] = []
  private(set) var queryCount = 0
  private(set) var replyCount = 0
  private var inFlight = 0
  private var known: Set<Endpoint> = []
  private var networks: Set<IPAddress> = []

  init(target: NodeID, ownID: NodeID, isIPv6: Bool) {
    self.target = target
    self.ownID = ownID
    self.isIPv6 = isIPv6
  }

  // MARK: - Candidates

  /// Adds nodes from our own table, or from the reply of a node reached in `hops`.
  mutating func add(_ contacts: [NodeContact], hops: Int = 0) {
    for contact in contacts where contact.id != ownID {
      guard admits(contact.endpoint) else { continue }
      insert(
        Candidate(
          endpoint: contact.endpoint, id: contact.id,
          distance: target.distance(to: contact.id), isTrusted: contact.isTrusted,
          hops: hops + 1))
    }
  }

  /// Adds a node known only by its address.
  mutating func add(unnamed endpoint: Endpoint) {
    guard admits(endpoint) else { return }
    insert(
      Candidate(
        endpoint: endpoint, id: nil, distance: .farthest, isTrusted: false, hops: 1))
  }

  private mutating func admits(_ endpoint: Endpoint) -> Bool {
    guard endpoint.isPossibleNode(isIPv6: isIPv6), !known.contains(endpoint) else { return false }
    guard let network = endpoint.address.ownerNetwork else { return true }
    return !networks.contains(network)
  }

  private mutating func insert(_ candidate: Candidate) {
    if candidates.count >= Self.candidateLimit {
      // Evicts the farthest candidate with no outstanding query, since queried ones may still
      // reply.
      guard let last = candidates.lastIndex(where: { $0.state == .fresh || $0.state == .failed }),
        candidate.distance < candidates[last].distance
      else { return }
      let gone = candidates.remove(at: last)
      if gone.state == .fresh { forget(gone.endpoint) }
    }
    known.insert(candidate.endpoint)
    if let network = candidate.endpoint.address.ownerNetwork { networks.insert(network) }
    candidates.insert(candidate, at: place(of: candidate.distance))
  }

  private mutating func forget(_ endpoint: Endpoint) {
    known.remove(endpoint)
    if let network = endpoint.address.ownerNetwork { networks.remove(network) }
  }

  private func place(of distance: NodeID) -> Int {
    var (low, high) = (0, candidates.count)
    while low < high {
      let middle = low + (high - low) / 2
      if distance < candidates[middle].distance { high = middle } else { low = middle + 1 }
    }
    return low
  }

  // MARK: - Steps

  /// Returns the next action; after querying a node the caller calls `asked`.
  func nextStep() -> Step {
    var trusted = 0
    var answered = 0
    var fresh = 0
    var (choice, trustedChoice): (Int?, Int?)
    var (isOwed, isSlow, isSurrounded) = (false, false, false)
    for (index, candidate) in candidates.enumerated() {
      switch candidate.state {
      case .replied:
        answered += 1
        if candidate.isTrusted { trusted += 1 }
      case .fresh:
        fresh += 1
        choice = choice ?? index
        if candidate.isTrusted, fresh <= Self.width { trustedChoice = trustedChoice ?? index }
      case .asked: isOwed = true
      case .slow: isSlow = true
      case .failed: break
      }
      isSurrounded = trusted >= Self.width || answered >= 2 * Self.width
      if isSurrounded { break }
    }
    if let index = trustedChoice ?? choice, queryCount < Self.queryLimit {
      guard inFlight < Self.parallelism else { return .wait }
      return .ask(candidates[index].endpoint, id: candidates[index].id)
    }
    return isOwed || isSlow && !isSurrounded ? .wait : .done
  }

  private func index(of endpoint: Endpoint) -> Int? {
    candidates.firstIndex { $0.endpoint == endpoint }
  }

  /// Records that a query was sent to a node.
  mutating func asked(_ endpoint: Endpoint) {
    guard let index = index(of: endpoint), candidates[index].state == .fresh else { return }
    candidates[index].state = .asked
    queryCount += 1
    inFlight += 1
  }

  /// Records that a node is slow to reply.
  mutating func slowed(_ endpoint: Endpoint) {
    guard let index = index(of: endpoint), candidates[index].state == .asked else { return }
    candidates[index].state = .slow
    inFlight -= 1
  }

  /// Records that a node will not reply, or not usefully.
  mutating func failed(_ endpoint: Endpoint) {
    guard let index = index(of: endpoint) else { return }
    if candidates[index].state == .asked { inFlight -= 1 }
    candidates[index].state = .failed
  }

  /// Records a node's reply; returns its hop count, or nil if it replied under another id than
  /// expected.
  mutating func replied(
    _ endpoint: Endpoint, id: NodeID, nodes: [NodeContact], token: [UInt8]?
  ) -> Int? {
    guard let index = index(of: endpoint) else { return nil }
    guard candidates[index].id == nil || candidates[index].id == id else {
      failed(endpoint)
      return nil
    }
    var candidate = candidates.remove(at: index)
    if candidate.state == .asked { inFlight -= 1 }
    candidate.state = .replied
    candidate.token = token
    if candidate.id == nil {
      let contact = NodeContact(id: id, endpoint: endpoint)
      candidate.id = id
      candidate.distance = target.distance(to: id)
      candidate.isTrusted = contact.isTrusted
    }
    candidates.insert(candidate, at: place(of: candidate.distance))
    replyCount += 1
    add(nodes, hops: candidate.hops)
    return candidate.hops
  }

  // MARK: - Results

  /// The closest nodes that have replied, closest first; those with an id valid for their address
  /// precede the others.
  var closest: [Candidate] {
    let replied = candidates.filter { $0.state == .replied }
    return Array(
      (replied.filter(\.isTrusted) + replied.filter { !$0.isTrusted }).prefix(Self.width))
  }
}
