import Primitives

/// The memory for pieces that come in or are hashed and written.
///
/// A piece is begun only when there is room for all of it, so no more is requested than can be
/// kept. At least two pieces fit, however long they are.
struct PieceRoom: Sendable {
  /// The numbers that bound the memory.
  struct Policy: Sendable {
    /// The memory that is enough for deep windows at a few fast peers, in bytes.
    var frugalLimit = 48 << 20
    /// The memory that a connection takes for itself, in bytes.
    var connectionMemory = 32 << 10
    /// The number of pieces that fit whatever the limit is.
    var leastPieces = 2
  }

  private let policy = Policy()
  private let memoryLimit: Int
  private let pieceLength: Int
  /// The number of pieces that have room.
  private(set) var reserved = 0
  /// A Boolean value indicating whether the session has memory left for one more piece.
  var sessionHasRoom = true

  init(memoryLimit: Int, pieceLength: Int) {
    self.memoryLimit = memoryLimit
    self.pieceLength = max(1, pieceLength)
  }

  /// Returns whether one more piece may be begun while `peers` sources are connected.
  func mayReserve(peers: Int) -> Bool {
    guard sessionHasRoom || reserved == 0 else { return false }
    return (reserved + 1) * pieceLength <= limit(peers: peers) || reserved < policy.leastPieces
  }

  /// Returns the number of blocks that fit while `peers` sources are connected.
  func capacity(peers: Int) -> Int {
    max(limit(peers: peers), policy.leastPieces * pieceLength) / Block.standardLength
  }

  /// Returns the bound in bytes: with few peers less than the user's limit, and with many the part
  /// of it that their connections leave.
  private func limit(peers: Int) -> Int {
    let room = memoryLimit - min(memoryLimit / 2, peers * policy.connectionMemory)
    let (wish, overflow) = peers.multipliedReportingOverflow(by: pieceLength)
    return overflow ? room : min(room, policy.frugalLimit + wish)
  }

  mutating func reserve() { reserved += 1 }

  mutating func release() { reserved -= 1 }
}
