package import Primitives

/// A consequence of an input to the exchange, carried out by its owner.
package enum ExchangeAction: Equatable, Sendable {
  // MARK: Messages

  /// Request a block.
  case request(Block, of: PeerNumber)
  /// Withdraw the request for a block.
  case cancel(Block, of: PeerNumber)
  /// Tell a peer whether it has what we want.
  case interest(PeerNumber, Bool)
  /// Choke or unchoke a peer.
  case choke(PeerNumber, Bool)
  /// Tell a peer that we have a piece.
  case have(PieceIndex, to: PeerNumber)
  /// Send a peer the blocks that it waits for.
  case serve(PeerNumber)

  // MARK: Tasks

  /// Let a source's lane pull.
  case wake(PeerNumber)
  /// Let a source's reader continue.
  case resume(PeerNumber)

  // MARK: Pieces

  /// Keep room for a piece.
  case reserve(PieceIndex)
  /// Give back the room of a piece that was judged or given up.
  case release(PieceIndex)
  /// Hash a piece whose blocks are all here; an urgent one waits for no others.
  case hash(PieceIndex, isUrgent: Bool)
  /// Hash more of a long piece, of which another block is here.
  case advance(PieceIndex)
  /// Forget what was hashed of a piece that is given up.
  case discard(PieceIndex)

  // MARK: Ends

  /// End a connection.
  case close(PeerNumber, Parting)
  /// End a source's connections for good, because it sent wrong data for a piece.
  case ban(PeerNumber, evidence: PieceIndex)
  /// Every wanted piece is verified.
  case complete

  /// The reason why the exchange ends a connection.
  package enum Parting: Equatable, Sendable {
    /// Both sides have everything, or want nothing more.
    case nothingToExchange
    /// The peer owed blocks for too long and brought none.
    case stalled
    /// The peer sent more unrequested blocks than it may, this one last.
    case unrequested(Block)
    /// The peer has more requests waiting than it may.
    case tooManyRequests(limit: Int)
    /// Neither side wanted anything of the other for long, and there is no room left.
    case inactive
    /// The peer makes room for one that may be of more use.
    case replaced
  }
}
