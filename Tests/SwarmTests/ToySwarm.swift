import Primitives
import Swarm

/// A whole swarm in virtual time that drives a board as sessions do, without wires.
///
/// Each peer delivers the blocks that it was asked for in order, at its own rate, after a delay; a
/// cancel reaches it after the same delay and may come too late.
final class ToySwarm {
  struct Peer {
    /// Its rate in bytes per second.
    var rate: Double
    /// The number of blocks that it may owe at most.
    var window: Int = 250
    /// The pieces that it has; nil for all.
    var pieces: Bitfield?
    /// The time at which it stops to deliver, but stays.
    var stallsAt: Double = .infinity
    /// The time at which it leaves.
    var leavesAt: Double = .infinity
    /// The pieces of which it sends a bad copy first.
    var spoils: Set<PieceIndex> = []

    fileprivate var queue: [(block: Block, asked: Double)] = []
    fileprivate var claims: [Claim] = []
    fileprivate var target = 5
    fileprivate var freeAt = 0.0
    fileprivate var lastArrival = 0.0
    fileprivate var isSnubbed = false
    fileprivate var isGone = false
    fileprivate var meter = RateMeter()

    init(
      rate: Double, window: Int = 250, pieces: Bitfield? = nil, stallsAt: Double = .infinity,
      leavesAt: Double = .infinity, spoils: Set<PieceIndex> = []
    ) {
      self.rate = rate
      self.window = window
      self.pieces = pieces
      self.stallsAt = stallsAt
      self.leavesAt = leavesAt
      self.spoils = spoils
    }
  }

  let geometry: PieceGeometry
  private(set) var board: PieceBoard
  private(set) var peers: [Peer]
  /// The time of one way, in seconds.
  var latency = 0.01
  /// The number of active pieces beyond which none is opened.
  var pieceLimit = Int.max
  /// True if windows keep to their fair share of that.
  var sharesMemory = true
  private(set) var time = 0.0
  private(set) var claimCount = 0
  private(set) var wastedBytes = 0
  private(set) var usefulBytes = 0
  private(set) var largestActiveCount = 0
  /// The pieces in the order in which they were opened.
  private(set) var opened: [PieceIndex] = []
  /// The peers that brought each try of a piece.
  private(set) var senders: [PieceIndex: [Set<Int>]] = [:]
  private var spoilt: Set<Block> = []
  private var suspects: Set<Int> = []

  init(size: Int64, pieceLength: Int, peers: [Peer], seed: UInt64 = 1) {
    guard let geometry = PieceGeometry(totalLength: size, pieceLength: pieceLength) else {
      preconditionFailure("a geometry that cannot be")
    }
    self.geometry = geometry
    self.peers = peers
    board = PieceBoard(
      geometry: geometry, verified: Bitfield(count: geometry.pieceCount),
      wanted: Bitfield(count: geometry.pieceCount, filled: true),
      random: SeededRandom(seed: seed))
    for (index, peer) in peers.enumerated() {
      board.peerJoined(PeerNumber(index))
      board.peerHas(
        PeerNumber(index), peer.pieces ?? Bitfield(count: geometry.pieceCount, filled: true))
    }
  }

  var wastedShare: Double { Double(wastedBytes) / Double(geometry.totalLength) }

  private var now: Instant { Instant(nanoseconds: Int64(time * 1e9)) }

  /// Lets a peer be suspected from the start.
  func suspect(_ index: Int) {
    suspects.insert(index)
    board.setSuspect(PeerNumber(index), true)
  }

  // MARK: - Time

  /// Runs until everything is there; returns whether it is, within the time.
  func run(limit: Double = 10_000) -> Bool {
    var nextTick = 0.5
    pumpAll()
    while !board.isComplete {
      let arrival = nextArrival()
      let leaving = peers.filter { !$0.isGone }.map(\.leavesAt).min() ?? .infinity
      let next = min(arrival?.time ?? .infinity, leaving, nextTick)
      guard next <= limit else { return false }
      time = max(time, next)
      if next == leaving {
        for index in peers.indices where peers[index].leavesAt == leaving { leave(index) }
        pumpAll()
      } else if let arrival, next == arrival.time {
        deliver(arrival.peer)
      } else {
        tick()
        nextTick += 0.5
      }
    }
    return true
  }

  private func nextArrival() -> (peer: Int, time: Double)? {
    var best: (peer: Int, time: Double)?
    for index in peers.indices {
      guard let time = arrivalTime(index) else { continue }
      if best.map({ time < $0.time }) ?? true { best = (index, time) }
    }
    return best
  }

  /// The time at which the first block of a peer's queue will be here.
  private func arrivalTime(_ index: Int) -> Double? {
    guard !peers[index].isGone, let first = peers[index].queue.first else { return nil }
    let start = max(peers[index].freeAt, first.asked + latency)
    let end = start + Double(first.block.length) / peers[index].rate
    return end > peers[index].stallsAt ? nil : end + latency
  }

  private func tick() {
    for index in peers.indices where !peers[index].isGone {
      if let first = peers[index].queue.first,
        time - max(first.asked, peers[index].lastArrival) > 10
      {
        peers[index].isSnubbed = true
      }
      board.updatePeer(
        PeerNumber(index), rate: peers[index].meter.rate(now: now),
        isSnubbed: peers[index].isSnubbed)
    }
    pumpAll()
  }

  private func leave(_ index: Int) {
    peers[index].isGone = true
    peers[index].queue = []
    board.peerLeft(PeerNumber(index))
  }

  // MARK: - Blocks

  private func deliver(_ index: Int) {
    let (block, _) = peers[index].queue.removeFirst()
    let peer = PeerNumber(index)
    peers[index].freeAt = time - latency
    peers[index].lastArrival = time
    peers[index].isSnubbed = false
    peers[index].meter.add(bytes: block.length, now: now)
    peers[index].target = min(peers[index].window, peers[index].target + 1)
    let receipt = board.received(block, from: peer)
    if receipt.isUseful {
      usefulBytes += block.length
      if peers[index].spoils.contains(block.piece) { spoilt.insert(block) }
    } else {
      wastedBytes += block.length
    }
    for other in receipt.othersToCancel { cancel(block, at: other.value) }
    if receipt.completesPiece { judge(block.piece) }
    pump(index)
  }

  /// Cancels a block in the peer's queue, unless the block is on its way by then.
  private func cancel(_ block: Block, at index: Int) {
    let queue = peers[index].queue
    guard let position = queue.firstIndex(where: { $0.block == block }) else { return }
    if position == 0, let arrival = arrivalTime(index) {
      let start = arrival - latency - Double(block.length) / peers[index].rate
      if start < time + latency { return }
    }
    peers[index].queue.remove(at: position)
    pump(index)
  }

  private func judge(_ piece: PieceIndex) {
    let blocks = (0..<geometry.blockCount(of: piece)).map { geometry.block($0, of: piece) }
    senders[piece, default: []].append(Set(board.senders(of: piece).map(\.value)))
    if blocks.contains(where: spoilt.contains) {
      for block in blocks { spoilt.remove(block) }
      for index in peers.indices { peers[index].spoils.remove(piece) }
      board.pieceFailed(piece)
    } else {
      board.pieceVerified(piece)
    }
    pumpAll()
  }

  // MARK: - Requests

  private func pumpAll() {
    for index in peers.indices { pump(index) }
  }

  /// Asks until the window is full, as a session does.
  private func pump(_ index: Int) {
    guard !peers[index].isGone else { return }
    let peer = PeerNumber(index)
    let target = peers[index].isSnubbed ? 1 : min(peers[index].target, share(of: peer))
    while peers[index].queue.count < target {
      if peers[index].claims.isEmpty {
        let canOpen = board.activePieceCount < pieceLimit
        guard let claim = board.claim(for: peer, now: now, canOpenPiece: canOpen) else { return }
        claimCount += 1
        if claim.kind == .fresh { opened.append(claim.piece) }
        largestActiveCount = max(largestActiveCount, board.activePieceCount)
        peers[index].claims.append(claim)
      }
      guard let claim = peers[index].claims.first else { return }
      if let request = board.nextRequest(of: claim, for: peer, now: now) {
        peers[index].queue.append((request.block, time))
      } else {
        peers[index].claims.removeFirst()
      }
    }
  }

  private func share(of peer: PeerNumber) -> Int {
    guard sharesMemory, pieceLimit < .max else { return .max }
    let blocks = geometry.pieceLength / Block.standardLength
    return board.fairShare(of: peer, capacity: pieceLimit * blocks)
  }
}
