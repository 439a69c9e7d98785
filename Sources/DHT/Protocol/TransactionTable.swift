import Primitives

/// One query of ours that has not been answered.
struct Transaction: Sendable {
  enum Purpose: Sendable {
    /// To see whether somebody is there.
    case ping
    /// A step of a search.
    case lookup(LookupID)
    /// To tell where we are.
    case announce(LookupID)
  }

  let endpoint: Endpoint
  /// Who should answer; nil when only the address is known.
  let id: NodeID?
  let side: Int
  let purpose: Purpose
}

/// Our queries that have not been answered, and when to stop waiting.
struct TransactionTable: Sendable {
  /// After which a search asks somebody else as well.
  static let shortTimeout = Duration.seconds(1)
  /// After which an answer comes too late.
  static let fullTimeout = Duration.seconds(10)

  private struct Due: Sendable {
    let number: UInt32
    let time: Instant
  }

  private var open: [UInt32: Transaction] = [:]
  /// Those that become slow next, and those that fail next; both in the order in which they began.
  private var short = Fifo<Due>()
  private var full = Fifo<Due>()

  /// How many wait.
  var count: Int { open.count }

  /// When the next one becomes slow or fails.
  var deadline: Instant {
    min(short.first?.time ?? .distantFuture, full.first?.time ?? .distantFuture)
  }

  /// Begins a query; the bytes that its answer must repeat.
  ///
  /// The number is by chance, so that who does not see our datagrams can't answer them.
  mutating func begin(
    _ transaction: Transaction, now: Instant, using random: inout SeededRandom
  ) -> [UInt8] {
    var number = UInt32(truncatingIfNeeded: random.next() >> 32)
    while open[number] != nil { number &+= 1 }
    open[number] = transaction
    short.append(Due(number: number, time: now + Self.shortTimeout))
    full.append(Due(number: number, time: now + Self.fullTimeout))
    var bytes: [UInt8] = []
    bytes.appendBigEndian(number)
    return bytes
  }

  /// Ends the query that an answer from there belongs to; nil when we have asked no such thing.
  mutating func end(_ bytes: [UInt8], from endpoint: Endpoint) -> Transaction? {
    var reader = ByteReader(bytes)
    guard bytes.count == 4, let number = reader.read(UInt32.self),
      let transaction = open[number], transaction.endpoint == endpoint
    else { return nil }
    open[number] = nil
    return transaction
  }

  /// The next query that has become slow.
  mutating func nextSlow(now: Instant) -> Transaction? {
    while let due = short.first, due.time <= now {
      _ = short.popFirst()
      if let transaction = open[due.number] { return transaction }
    }
    return nil
  }

  /// The next query that has failed.
  mutating func nextFailed(now: Instant) -> Transaction? {
    while let due = full.first, due.time <= now {
      _ = full.popFirst()
      if let transaction = open.removeValue(forKey: due.number) { return transaction }
    }
    return nil
  }
}
