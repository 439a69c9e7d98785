package import Primitives

/// The requests made to one peer, and how each of them ended.
///
/// Every request ends exactly once, at the latest with the connection. Each block that the peer
/// sends is checked against this ledger, and counts only if this very peer was asked for it.
///
/// | state | entered by      | left by                                                         |
/// |-------|-----------------|-----------------------------------------------------------------|
/// | owed  | a request       | its block, a choke, a cancel, or a time-out: its one end        |
/// | ended | any but a block | its block after all, or `Policy.lateLimit`: it is forgotten     |
///
/// A block is owed at most once, but several earlier requests for it may have ended. The search for
/// an arriving block starts with the oldest request, so the usual arrival costs one comparison. A
/// block costs no allocation.
package struct RequestLedger: Sendable {
  /// The limits that decide which blocks count.
  package struct Policy: Sendable {
    /// The time for which a block is still accepted after its request has ended without it.
    ///
    /// Data that a peer has handed to its kernel arrives whatever we send in the meantime. A common
    /// send buffer of 128 KiB takes about a minute at 2 KiB/s, the lowest rate that is of any use.
    package var lateLimit = Duration.seconds(60)
    /// The number of requests that are remembered after they ended without their block.
    ///
    /// It exceeds the deepest window, because only blocks that were owed at the same time can be on
    /// their way at the same time. The oldest requests are forgotten first.
    package var endedLimit = 2048
    /// The number of unrequested blocks that a peer may send.
    ///
    /// A slow peer that is later than `lateLimit` with a whole initial window of blocks sends five
    /// of them; this allows for three such accidents. Each block costs us 16 KiB of the line and
    /// nothing else.
    package var unrequestedLimit = 16
    /// The number of requested blocks that makes up for one unrequested block.
    ///
    /// It keeps a long connection from ending over rare accidents, and limits the waste to 2 %.
    package var answersPerPardon = 64

    /// Creates the policy in use.
    package init() {}
  }

  /// One outstanding request.
  package struct Request: Equatable, Sendable {
    /// The requested block.
    package let block: Block
    /// The time of the request.
    package let sent: Instant
    /// A Boolean value indicating whether another peer was asked before and may still deliver it.
    package let isDuplicate: Bool
  }

  /// The meaning of a block's arrival.
  package enum Arrival: Equatable, Sendable {
    /// The block ends a request; `isInOrder` says whether no older request was outstanding.
    case answer(Request, isInOrder: Bool)
    /// The block's request ended a short time ago in another way.
    case late
    /// The peer was not asked for the block.
    case unrequested
  }

  /// The bytes of all requests, by how they ended, and of all other blocks that arrived.
  package struct Account: Equatable, Sendable {
    /// Requested bytes.
    package fileprivate(set) var asked: Int64 = 0
    /// Bytes of requests that ended with their block.
    package fileprivate(set) var answered: Int64 = 0
    /// Bytes of requests that ended with a choke.
    package fileprivate(set) var takenBack: Int64 = 0
    /// Bytes of requests that ended with a cancel.
    package fileprivate(set) var cancelled: Int64 = 0
    /// Bytes of requests that timed out.
    package fileprivate(set) var timedOut: Int64 = 0
    /// Bytes of blocks that arrived after their requests had ended in another way.
    package fileprivate(set) var late: Int64 = 0
    /// Bytes of blocks that the peer was not asked for.
    package fileprivate(set) var unrequested: Int64 = 0
  }

  /// A request that has ended without its block.
  private struct Ended: Sendable {
    let block: Block
    let end: Instant
  }

  private let policy: Policy
  private var owed = Fifo<Request>()
  /// The requests that ended without their block, the earliest end first.
  private var ended = Fifo<Ended>()
  /// The number of unrequested blocks that the peer may still send.
  private var pardons: Int
  /// The number of answers until the peer may send one more.
  private var answersToPardon: Int
  /// The totals so far.
  package private(set) var account = Account()

  /// Creates the ledger of a peer that was not asked for anything yet.
  package init(policy: Policy = Policy()) {
    self.policy = policy
    pardons = policy.unrequestedLimit
    answersToPardon = policy.answersPerPardon
  }

  // MARK: - Outstanding requests

  /// The number of outstanding requests.
  @inline(__always)
  package var count: Int { owed.count }

  /// A Boolean value indicating whether no request is outstanding.
  @inline(__always)
  package var isEmpty: Bool { owed.isEmpty }

  /// The oldest outstanding request.
  @inline(__always)
  package var first: Request? { owed.first }

  /// Returns an outstanding request, counted from the oldest one.
  @inline(__always)
  package subscript(index: Int) -> Request { owed[index] }

  /// The outstanding requests, the oldest one first.
  package var requests: ArraySlice<Request> { owed.elements }

  // MARK: - Requests and their ends

  /// Records a request for a block that the peer does not owe.
  package mutating func asked(for block: Block, isDuplicate: Bool, now: Instant) {
    owed.append(Request(block: block, sent: now, isDuplicate: isDuplicate))
    account.asked += Int64(block.length)
  }

  /// Records the arrival of a whole block, and ends its request if the peer owed it.
  package mutating func received(_ block: Block, now: Instant) -> Arrival {
    if let index = position(of: block) {
      let request = owed[index]
      owed.remove(at: index)
      account.answered += Int64(block.length)
      pardon()
      return .answer(request, isInOrder: index == 0)
    }
    if let index = latePosition(of: block, now: now) {
      ended.remove(at: index)
      account.late += Int64(block.length)
      return .late
    }
    account.unrequested += Int64(block.length)
    pardons -= 1
    return .unrequested
  }

  /// A Boolean value indicating whether the peer has sent more unrequested blocks than it may.
  package var isFlooded: Bool { pardons < 0 }

  /// Records that the peer was told not to send a block; returns false if it does not owe it.
  package mutating func cancelled(_ block: Block, now: Instant) -> Bool {
    guard let index = position(of: block) else { return false }
    end(owed[index].block, now: now)
    owed.remove(at: index)
    account.cancelled += Int64(block.length)
    return true
  }

  /// Records that the peer chokes us and drops its requests; returns their blocks.
  package mutating func choked(now: Instant) -> [Block] {
    let blocks = owed.elements.map(\.block)
    owed.removeAll()
    for block in blocks {
      end(block, now: now)
      account.takenBack += Int64(block.length)
    }
    return blocks
  }

  /// Records that the oldest requests have timed out; returns their blocks.
  package mutating func timedOut(first count: Int, now: Instant) -> [Block] {
    let blocks = owed.elements.prefix(count).map(\.block)
    for block in blocks {
      _ = owed.popFirst()
      end(block, now: now)
      account.timedOut += Int64(block.length)
    }
    return blocks
  }

  private mutating func end(_ block: Block, now: Instant) {
    while let oldest = ended.first,
      now - oldest.end > policy.lateLimit || ended.count >= policy.endedLimit
    { _ = ended.popFirst() }
    ended.append(Ended(block: block, end: now))
  }

  private mutating func pardon() {
    guard pardons < policy.unrequestedLimit else { return }
    answersToPardon -= 1
    guard answersToPardon <= 0 else { return }
    answersToPardon = policy.answersPerPardon
    pardons += 1
  }

  // MARK: - Standing of a block

  /// Returns whether the peer was asked for a block whose first bytes arrive now.
  package func standing(of block: Block, now: Instant) -> BlockStanding {
    if let index = position(of: block) { return .owed(isDuplicate: owed[index].isDuplicate) }
    return latePosition(of: block, now: now) == nil ? .unrequested : .late
  }

  private func position(of block: Block) -> Int? {
    let elements = owed.elements
    return elements.firstIndex { $0.block == block }.map { $0 - elements.startIndex }
  }

  /// Returns the index of the last request for the block that ended and still counts.
  private func latePosition(of block: Block, now: Instant) -> Int? {
    let elements = ended.elements
    guard let index = elements.lastIndex(where: { $0.block == block }),
      now - elements[index].end <= policy.lateLimit
    else { return nil }
    return index - elements.startIndex
  }

  /// Returns a description of the first broken invariant, or nil; it looks at everything, for
  /// tests.
  package func checkInvariants() -> String? {
    let owedBytes = owed.elements.reduce(Int64(0)) { $0 + Int64($1.block.length) }
    let ends = account.answered + account.takenBack + account.cancelled + account.timedOut
    guard account.asked == ends + owedBytes else {
      return "\(account.asked) bytes asked for, \(ends) ended and \(owedBytes) owed"
    }
    guard ended.count <= policy.endedLimit else { return "\(ended.count) ends are remembered" }
    var blocks: Set<Block> = []
    for request in owed.elements where !blocks.insert(request.block).inserted {
      return "\(request.block) is owed twice"
    }
    return nil
  }
}

/// The relation of a block that a peer sends to the requests made to that peer.
package enum BlockStanding: Equatable, Sendable {
  /// The peer owes the block; `isDuplicate` says whether another peer was asked for it before.
  case owed(isDuplicate: Bool)
  /// The request ended a short time ago with a choke, a cancel or a time-out.
  case late
  /// The peer was not asked for the block.
  case unrequested
}
