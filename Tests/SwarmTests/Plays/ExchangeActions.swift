import Primitives

@testable import Swarm

// Selections of the actions of an exchange, for plays that are about some of them.

extension [ExchangeAction] {
  /// The messages to peers.
  var messages: [ExchangeAction] {
    filter { action in
      switch action {
      case .request, .cancel, .interest, .choke, .have: true
      default: false
      }
    }
  }

  /// The ends of connections.
  var ends: [ExchangeAction] {
    filter { action in
      switch action {
      case .close, .ban: true
      default: false
      }
    }
  }

  /// The changes of interest.
  var interests: [ExchangeAction] {
    filter { if case .interest = $0 { true } else { false } }
  }

  /// The withdrawn requests.
  var cancels: [ExchangeAction] {
    filter { if case .cancel = $0 { true } else { false } }
  }

  /// The peers that hear of a piece.
  var haves: [ExchangeAction] {
    filter { if case .have = $0 { true } else { false } }
  }

  /// The peers that are unchoked, in order.
  var unchoked: [PeerNumber] {
    compactMap { if case .choke(let peer, false) = $0 { peer } else { nil } }
  }

  /// The peers that are choked, in order.
  var choked: [PeerNumber] {
    compactMap { if case .choke(let peer, true) = $0 { peer } else { nil } }
  }

  /// The pieces that are begun, in order.
  var begun: [PieceIndex] {
    compactMap { if case .reserve(let piece) = $0 { piece } else { nil } }
  }

  /// Returns the blocks that a peer is asked for, in order.
  func requests(of peer: PeerNumber) -> [Block] {
    compactMap { action in
      if case .request(let block, of: peer) = action { block } else { nil }
    }
  }
}
