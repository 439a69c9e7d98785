import Primitives

/// One search through the network, node by node towards a point (BEP 5).
///
/// Four nodes are asked at a time, the closest first; one that takes longer than a second no longer
/// counts as one of them, but may still answer. The search is over when the eight closest nodes that
/// it knows have answered. Nodes whose id their address does not allow don't count among these
/// (BEP 42), and of one public /24 (/64 of IPv6) only one node is asked, so that nobody can stand
/// around a point alone.
struct Lookup: Sendable {
  static let parallelism = 4
  static let width = RoutingTable.width
  /// How many nodes are remembered at a time.
  static let candidateLimit = 96
  /// How many nodes are asked in all.
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
    /// Unknown for a node that was given by its address alone.
    var id: NodeID?
    var distance: NodeID
    var isTrusted: Bool
    var state = State.fresh
    /// How many nodes led to it, itself included.
    let hops: Int
    var token: [UInt8]?
  }

  /// What is to be done next.
  enum Step: Equatable {
    /// Ask this one.
    case ask(Endpoint, id: NodeID?)
    /// Somebody owes an answer.
    case wait
    /// The search is over.
    case done
  }

  let target: NodeID
  let ownID: NodeID
  let isIPv6: Bool
  /// All that may be asked, the closest first; those of unknown id at the end.
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

  /// Adds nodes from our own table, or from the reply of a node that took `hops`.
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

  /// Adds a node that is known by its address alone.
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
      // The farthest one that nobody was asked for makes room; those asked are owed an ear.
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

  /// What to do next; asking is up to the caller, who then calls `asked`.
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

  /// A query was sent there.
  mutating func asked(_ endpoint: Endpoint) {
    guard let index = index(of: endpoint), candidates[index].state == .fresh else { return }
    candidates[index].state = .asked
    queryCount += 1
    inFlight += 1
  }

  /// A node takes long to answer.
  mutating func slowed(_ endpoint: Endpoint) {
    guard let index = index(of: endpoint), candidates[index].state == .asked else { return }
    candidates[index].state = .slow
    inFlight -= 1
  }

  /// A node will not answer, or not to the point.
  mutating func failed(_ endpoint: Endpoint) {
    guard let index = index(of: endpoint) else { return }
    if candidates[index].state == .asked { inFlight -= 1 }
    candidates[index].state = .failed
  }

  /// A node has answered; how many hops away it is, or nil when it is not who we took it for.
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

  /// The closest nodes that have answered, the closest first: those that may have their id, then
  /// others.
  var closest: [Candidate] {
    let replied = candidates.filter { $0.state == .replied }
    return Array(
      (replied.filter(\.isTrusted) + replied.filter { !$0.isTrusted }).prefix(Self.width))
  }
}
