package import Primitives

// The wanted pieces, which may change during a run.

extension Exchange {
  /// Changes the set of wanted pieces.
  ///
  /// Requests for pieces that are no longer wanted are withdrawn.
  package mutating func want(_ pieces: Bitfield, now: Instant) {
    guard isKnown else { return }
    let wasComplete = board.isComplete
    let (dropped, recalls) = board.want(pieces)
    for piece in dropped { giveUp(piece) }
    for recall in recalls {
      guard let place = board.peers.place(of: recall.peer),
        board.peers.dealings[place].window.cancelled(recall.block, now: now)
      else { continue }
      actions.append(.cancel(recall.block, of: recall.peer))
    }
    reviewInterest()
    wakeAll()
    if !wasComplete, board.isComplete { actions.append(.complete) }
  }

  /// Sets the pieces that are fetched before all others, in the torrent's order.
  package mutating func prefer(_ pieces: Bitfield) {
    guard isKnown else { return }
    board.prefer(pieces)
  }
}
