package import Primitives

/// The requests that one peer has made to us, and how each of them ended.
///
/// Every request ends exactly once, at the latest with the connection.
///
/// | state    | entered by                  | left by                                            |
/// |----------|-----------------------------|----------------------------------------------------|
/// | waiting  | a request that is accepted  | being read, a cancel, or a choke                   |
/// | reading  | its turn                    | the block sent, or a choke                         |
///
/// A request that is not accepted ends at once.
package struct UploadLedger: Sendable {
  /// The bytes of all requests, by how they ended.
  package struct Account: Equatable, Sendable {
    /// Requested bytes.
    package fileprivate(set) var asked: Int64 = 0
    /// Bytes of requests that ended with their block.
    package fileprivate(set) var served: Int64 = 0
    /// Bytes of requests that the peer cancelled.
    package fileprivate(set) var cancelled: Int64 = 0
    /// Bytes of requests that ended with a choke, or with the peer's interest.
    package fileprivate(set) var takenBack: Int64 = 0
    /// Bytes of requests that were not accepted.
    package fileprivate(set) var refused: Int64 = 0
  }

  /// The maximum number of waiting requests; more are hostile.
  package static let limit = 2000

  private var waiting = Fifo<Block>()
  /// The blocks that are being read from the files.
  private var reading: [Block] = []
  /// The totals so far.
  package private(set) var account = Account()

  /// Creates the ledger of a peer that has asked for nothing.
  package init() {}

  /// The number of requests that wait for their turn.
  package var waitingCount: Int { waiting.count }

  /// Records a request that is accepted; returns false if too many wait.
  package mutating func asked(for block: Block) -> Bool {
    account.asked += Int64(block.length)
    guard waiting.count < Self.limit else {
      account.refused += Int64(block.length)
      return false
    }
    waiting.append(block)
    return true
  }

  /// Records a request that is not accepted.
  package mutating func refused(_ block: Block) {
    account.asked += Int64(block.length)
    account.refused += Int64(block.length)
  }

  /// Records a cancel; a block that is being read is sent all the same.
  package mutating func cancelled(_ block: Block) {
    let elements = waiting.elements
    guard let index = elements.firstIndex(of: block) else { return }
    waiting.remove(at: index - elements.startIndex)
    account.cancelled += Int64(block.length)
  }

  /// Takes the oldest requests, up to about `bytes` bytes and at least one, to read their blocks.
  package mutating func takeBatch(upTo bytes: Int) -> [Block] {
    var batch: [Block] = []
    var length = 0
    while length < bytes, let block = waiting.popFirst() {
      batch.append(block)
      length += block.length
    }
    reading += batch
    return batch
  }

  /// Records that blocks were read and are sent now; returns those whose requests still stand.
  package mutating func served(_ batch: [Block]) -> [Block] {
    batch.filter { block in
      guard let index = reading.firstIndex(of: block) else { return false }
      reading.remove(at: index)
      account.served += Int64(block.length)
      return true
    }
  }

  /// Records that the peer is choked, or wants nothing any more; returns the blocks of its
  /// requests.
  package mutating func takeBack() -> [Block] {
    let blocks = reading + waiting.elements
    reading.removeAll()
    waiting.removeAll()
    for block in blocks { account.takenBack += Int64(block.length) }
    return blocks
  }

  /// Returns a description of the first broken invariant, or nil; for tests.
  package func checkInvariants() -> String? {
    let open = (reading + waiting.elements).reduce(Int64(0)) { $0 + Int64($1.length) }
    let ended = account.served + account.cancelled + account.takenBack + account.refused
    return account.asked == ended + open
      ? nil : "\(account.asked) bytes asked for, \(ended) ended and \(open) open"
  }
}
