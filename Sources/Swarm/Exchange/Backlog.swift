import Primitives

/// The complete pieces that wait for their verdict, and the readers that wait for that.
///
/// While more waits to be hashed and written than the workers should be behind with, readers hold:
/// data then waits in the sockets, where it costs us nothing.
struct Backlog: Sendable {
  /// The numbers that bound the backlog.
  struct Policy: Sendable {
    /// The number of bytes that may wait for their verdict.
    var limit = 12 << 20
    /// The piece length from which on pieces are hashed while they arrive, so that no backlog
    /// forms.
    var bigPiece = 1 << 20
  }

  private let limit: Int
  private var bytes = 0
  /// The sources whose readers wait for the backlog to shrink.
  private var held: [PeerNumber] = []
  /// The sources whose readers wait for the verdict on a piece of theirs.
  private var awaiting: [PeerNumber] = []

  init(pieceLength: Int, policy: Policy = Policy()) {
    limit = pieceLength >= policy.bigPiece ? .max : policy.limit
  }

  var isBehind: Bool { bytes > limit }

  mutating func completed(_ length: Int) { bytes += length }

  mutating func hold(_ peer: PeerNumber) {
    if !held.contains(peer) { held.append(peer) }
  }

  mutating func awaitVerdict(_ peer: PeerNumber) {
    if !awaiting.contains(peer) { awaiting.append(peer) }
  }

  /// Records a verdict on `length` bytes; returns the sources whose readers may continue.
  mutating func judged(_ length: Int) -> [PeerNumber] {
    bytes -= length
    var free = awaiting
    awaiting.removeAll()
    if bytes <= limit / 2 {
      free += held
      held.removeAll()
    }
    return free
  }
}
