import Primitives

/// A piece of which some blocks are asked for or here.
///
/// Each block is free, owed by one or two peers, or received. The counts are kept so that no
/// question needs a walk over the blocks.
struct ActivePiece: Sendable {
  /// One block.
  struct BlockState: Sendable {
    enum Status: UInt8, Sendable {
      case free
      case owed
      case received
    }

    var status = Status.free
    /// The peer that owes it or, once it is received, brought it.
    var holder: PeerNumber?
    /// The peer that was asked for it a second time.
    var secondHolder: PeerNumber?
    /// Rises with each request of the board, to tell which of a holder's blocks comes last.
    var serial: UInt32 = 0
  }

  let index: PieceIndex
  private(set) var blocks: [BlockState]
  private(set) var freeCount: Int
  private(set) var receivedCount = 0
  /// Every block before this one is here.
  private(set) var contiguousCount = 0
  /// Blocks that two peers owe.
  private(set) var doubledCount = 0
  /// Peers that will ask for free blocks of the piece, in the order of their claims.
  private(set) var claimants: [PeerNumber] = []
  /// Those of them that have not asked for one yet.
  private var unheard: [PeerNumber] = []
  /// The peer that opened it and still works on it.
  var opener: PeerNumber?
  /// A Boolean value indicating whether one peer should bring it alone, because it failed before.
  let isSolo: Bool
  /// A Boolean value indicating whether a worker reads the piece's buffer.
  var isBeingRead = false
  /// No block before this one is free.
  private var firstFreeHint = 0
  /// No block from this one on is free.
  private var endFreeHint: Int

  init(index: PieceIndex, blockCount: Int, isSolo: Bool) {
    self.index = index
    self.isSolo = isSolo
    blocks = Array(repeating: BlockState(), count: blockCount)
    freeCount = blockCount
    endFreeHint = blockCount
  }

  var isComplete: Bool { receivedCount == blocks.count }

  /// Blocks that are owed.
  var owedCount: Int { blocks.count - freeCount - receivedCount }

  /// Free blocks less one for each claimant that has not asked yet.
  ///
  /// Without it all lanes that pull in one turn of the loop would go for the same last block.
  var unclaimedCount: Int { max(0, freeCount - unheard.count) }

  /// Blocks that one more peer may be asked for.
  var singleCount: Int { owedCount - doubledCount }

  /// Records that the peer will ask for free blocks.
  mutating func addClaimant(_ peer: PeerNumber) {
    guard !claimants.contains(peer) else { return }
    claimants.append(peer)
    unheard.append(peer)
  }

  /// Records that the peer asks for free blocks; returns whether it may.
  mutating func hear(_ peer: PeerNumber) -> Bool {
    if !unheard.isEmpty { unheard.removeAll { $0 == peer } }
    return claimants.contains(peer)
  }

  /// Records that the peer will not ask any more.
  mutating func removeClaimant(_ peer: PeerNumber) {
    claimants.removeAll { $0 == peer }
    unheard.removeAll { $0 == peer }
  }

  mutating func removeAllClaimants() {
    claimants.removeAll()
    unheard.removeAll()
  }

  /// Takes the first free block, or the last one.
  mutating func takeFree(fromBack: Bool, for peer: PeerNumber, serial: UInt32) -> Int? {
    guard freeCount > 0 else { return nil }
    let number: Int
    if fromBack {
      var index = endFreeHint - 1
      while blocks[index].status != .free { index -= 1 }
      number = index
      endFreeHint = index
    } else {
      var index = firstFreeHint
      while blocks[index].status != .free { index += 1 }
      number = index
      firstFreeHint = index + 1
    }
    blocks[number].status = .owed
    blocks[number].holder = peer
    blocks[number].serial = serial
    freeCount -= 1
    return number
  }

  /// Returns the serial of the latest block that this peer, and nobody else, owes.
  func lastSerial(owedOnlyBy peer: PeerNumber) -> UInt32? {
    var last: UInt32?
    for block in blocks where block.holder == peer && block.status == .owed {
      if block.secondHolder == nil { last = max(last ?? 0, block.serial) }
    }
    return last
  }

  /// Asks a second peer for a block.
  mutating func addSecond(_ peer: PeerNumber, to number: Int) {
    blocks[number].secondHolder = peer
    doubledCount += 1
  }

  /// Records that the peer no longer owes the block; returns whether it did.
  mutating func release(_ number: Int, by peer: PeerNumber) -> Bool {
    guard blocks[number].status == .owed else { return false }
    if blocks[number].secondHolder == peer {
      blocks[number].secondHolder = nil
      doubledCount -= 1
      return true
    }
    guard blocks[number].holder == peer else { return false }
    if let second = blocks[number].secondHolder {
      blocks[number].holder = second
      blocks[number].secondHolder = nil
      doubledCount -= 1
    } else {
      blocks[number] = BlockState()
      freeCount += 1
      firstFreeHint = min(firstFreeHint, number)
      endFreeHint = max(endFreeHint, number + 1)
    }
    return true
  }

  /// Records that the block is here, from this peer.
  mutating func receive(_ number: Int, from peer: PeerNumber) {
    if blocks[number].status == .free { freeCount -= 1 }
    if blocks[number].secondHolder != nil { doubledCount -= 1 }
    blocks[number] = BlockState(status: .received, holder: peer, secondHolder: nil)
    receivedCount += 1
    while contiguousCount < blocks.count, blocks[contiguousCount].status == .received {
      contiguousCount += 1
    }
  }
}
