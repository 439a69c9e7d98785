import Networking
import PeerWire
import Primitives
import Swarm

/// What is there, what is coming, and who works on what: the work queue that all lanes pull from.
///
/// A lane asks here at the moment of its pull, so each decision is made on fresh facts. A session
/// that finds nothing waits in `idle` and is woken when something changes that may give it work.
@Reactor
final class PieceWork {
  let geometry: PieceGeometry
  private(set) var board: PieceBoard
  let buffers: PieceBuffers
  /// Shared by all sessions: a plan is used from one read to its last event without a pause.
  let readPlan = ReadPlan()
  /// Sessions whose lane found nothing to do, in the order in which they asked.
  private var idle = Fifo<PeerSession>()
  /// How many more idle lanes may be tried for the room that one piece has left.
  private var wakeChain = 0
  private(set) var isClosed = false
  private var peerCount = 0
  /// Called with each piece whose blocks are all there.
  var pieceCompleted: (PieceIndex) -> Void = { _ in }

  init(geometry: PieceGeometry, verified: Bitfield, memoryLimit: Int, random: SeededRandom) {
    self.geometry = geometry
    board = PieceBoard(
      geometry: geometry, verified: verified,
      wanted: Bitfield(count: geometry.pieceCount, filled: true), random: random)
    buffers = PieceBuffers(geometry: geometry, memoryLimit: memoryLimit)
  }

  // MARK: - Peers

  func joined(_ peer: PeerNumber) {
    peerCount += 1
    board.peerJoined(peer)
  }

  func left(_ session: PeerSession) {
    peerCount -= 1
    board.peerLeft(session.number)
    let index = idle.elements.firstIndex { $0 === session }
    if let index { idle.remove(at: index - idle.elements.startIndex) }
    wakeIdle()
  }

  func has(_ peer: PeerNumber, _ piece: PieceIndex) {
    board.peerHas(peer, piece)
  }

  func has(_ peer: PeerNumber, _ pieces: Bitfield) {
    board.peerHas(peer, pieces)
  }

  func update(_ peer: PeerNumber, rate: Double, isSnubbed: Bool) {
    board.updatePeer(peer, rate: rate, isSnubbed: isSnubbed)
  }

  func setSuspect(_ peer: PeerNumber, _ isSuspect: Bool) {
    board.setSuspect(peer, isSuspect)
  }

  // MARK: - Claims

  /// The next piece for this session, or nil; then the session is woken when that may change.
  func claim(for session: PeerSession, now: Instant) -> Claim? {
    guard let claim = makeClaim(for: session.number, now: now) else {
      if !session.isIdle {
        session.isIdle = true
        idle.append(session)
      }
      if wakeChain > 0 {
        wakeChain -= 1
        wakeFirstIdle()
      }
      return nil
    }
    wakeChain = 0
    if claim.kind == .fresh { buffers.acquire(claim.piece) }
    return claim
  }

  /// Asks the board; if memory is what is short, pieces that nobody can finish give up theirs.
  private func makeClaim(for peer: PeerNumber, now: Instant) -> Claim? {
    let canOpen = buffers.canAcquire(peers: peerCount)
    if let claim = board.claim(for: peer, now: now, canOpenPiece: canOpen) { return claim }
    guard !canOpen, board.isInteresting(peer), let piece = board.shedAbandoned() else { return nil }
    buffers.release(piece)
    return board.claim(for: peer, now: now, canOpenPiece: buffers.canAcquire(peers: peerCount))
  }

  func nextRequest(of claim: Claim, for peer: PeerNumber, now: Instant) -> BlockRequest? {
    board.nextRequest(of: claim, for: peer, now: now)
  }

  /// The peer will not deliver these: others may.
  func release(_ blocks: [Block], by peer: PeerNumber) {
    for block in blocks { board.release(block, by: peer) }
    if !blocks.isEmpty { wakeIdle() }
  }

  func giveBack(_ piece: PieceIndex, by peer: PeerNumber) {
    board.giveBack(piece, by: peer)
  }

  /// The peer can't do what it has just claimed.
  func release(_ claim: Claim, by peer: PeerNumber) {
    board.giveBack(claim.piece, by: peer)
    wakeIdle()
  }

  /// Lets every idle lane ask again.
  func wakeIdle() {
    for _ in 0..<idle.count { wakeFirstIdle() }
  }

  /// Lets one idle lane ask again, and if it has no use for the room, a few more.
  ///
  /// With hundreds of idle peers, waking all of them for one free buffer would cost more than the
  /// piece.
  private func wakeOneIdle() {
    wakeChain = min(8, idle.count - 1)
    wakeFirstIdle()
  }

  private func wakeFirstIdle() {
    guard let session = idle.popFirst() else { return }
    session.isIdle = false
    session.laneWakeup.fire()
  }

  // MARK: - Blocks

  /// Where a block's payload goes, given how the peer came to send it.
  func placement(of block: Block, isDuplicate: Bool?) -> BlockPlacement {
    guard let address = buffers.address(of: block), !board.hasReceived(block) else {
      return .discard
    }
    return isDuplicate == false ? .direct(address) : .aside
  }

  /// A whole block is in its place, or aside.
  func received(
    _ block: Block, from peer: PeerNumber, aside: UnsafeRawPointer?
  ) -> BlockReceipt {
    if let aside, let address = buffers.address(of: block), !board.hasReceived(block) {
      address.copyMemory(from: aside, byteCount: block.length)
    }
    let receipt = board.received(block, from: peer)
    if receipt.completesPiece { pieceCompleted(block.piece) }
    return receipt
  }

  // MARK: - Pieces

  func verified(_ piece: PieceIndex) {
    board.pieceVerified(piece)
    buffers.release(piece)
    if board.isComplete { close() } else { wakeOneIdle() }
  }

  func failed(_ piece: PieceIndex) {
    board.pieceFailed(piece)
    buffers.release(piece)
    wakeIdle()
  }

  /// Ends all lanes: everything is verified, or the run is over.
  func close() {
    isClosed = true
    wakeIdle()
  }
}
