import Primitives

/// One outstanding query of ours.
struct Transaction: Sendable {
  enum Purpose: Sendable {
    /// Checks whether a node is alive.
    case ping
    /// Advances a search.
    case lookup(LookupID)
    /// Announces us to a node.
    case announce(LookupID)
  }

  let endpoint: Endpoint
  /// The id of the expected replier; nil if only the address is known.
  let id: NodeID?
  let side: Int
  let purpose: Purpose
}

/// Our outstanding queries and their timeouts.
struct TransactionTable: Sendable {
  /// The time after which a search queries another node as well.
  static let shortTimeout = Duration.seconds(1)
  /// The time after which a query has failed.
  static let fullTimeout = Duration.seconds(10)

  private struct Due: Sendable {
    let number: UInt32
    let time: Instant
  }

  private var open: [UInt32: Transaction] = [:]
  /// The queries by the time at which they become slow, and by the time at which they fail.
  private var short = Fifo<Due>()
  private var full = Fifo<Due>()

  /// The number of outstanding queries.
  var count: Int { open.count }

  /// The time at which the next query becomes slow or fails.
  var deadline: Instant {
    min(short.first?.time ?? .distantFuture, full.first?.time ?? .distantFuture)
  }

  /// Registers a query; returns the transaction id that its reply must repeat.
  ///
  /// The id is random, so that nobody who cannot see our datagrams can forge a reply.
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

  /// Removes the query that a reply belongs to; returns nil if there is none.
  mutating func end(_ bytes: [UInt8], from endpoint: Endpoint) -> Transaction? {
    var reader = ByteReader(bytes)
    guard bytes.count == 4, let number = reader.read(UInt32.self),
      let transaction = open[number], transaction.endpoint == endpoint
    else { return nil }
    open[number] = nil
    return transaction
  }

  /// Returns the next query that has become slow.
  mutating func nextSlow(now: Instant) -> Transaction? {
    while let due = short.first, due.time <= now {
      _ = short.popFirst()
      if let transaction = open[due.number] { return transaction }
    }
    return nil
  }

  /// Removes and returns the next query that has failed.
  mutating func nextFailed(now: Instant) -> Transaction? {
    while let due = full.first, due.time <= now {
      _ = full.popFirst()
      if let transaction = open.removeValue(forKey: due.number) { return transaction }
    }
    return nil
  }
}
