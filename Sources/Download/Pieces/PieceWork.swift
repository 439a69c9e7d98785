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
  private var idle = Fifo<any LaneWorker>()
  /// How many idle lanes may be tried in vain for the room that one piece has left.
  private var wakeChain = 0
  private static let wakeTries = 8
  private let endgame: EndgameRetry
  /// How many of those are looked at for the fastest.
  private static let idleLooks = 64
  /// Whole pieces that are not judged yet, in bytes, and how many there should be at most.
  private var backlog = 0
  private let backlogLimit: Int
  /// What wakes the readers that wait for the backlog to shrink.
  private var held: [Wakeup] = []
  /// Sessions whose readers wait for a verdict on what their peer has brought.
  private var awaitingVerdict: [PeerSession] = []
  private(set) var isClosed = false
  private var peerCount = 0
  /// Called with each piece whose blocks are all there, and whether somebody waits for the verdict.
  var pieceCompleted: (PieceIndex, _ isUrgent: Bool) -> Void = { _, _ in }
  /// Called when a reader has dealt with all that one read brought.
  var readEnded: () -> Void = {}
  /// Called with the piece of every other block that comes.
  var pieceAdvanced: (PieceIndex) -> Void = { _ in }
  /// Called with a begun piece whose memory another needs more.
  var pieceGivenUp: (PieceIndex) -> Void = { _ in }
  /// Lets all peers report their rates.
  var refreshRates: () -> Void = {}
  /// Whether a worker reads the piece's buffer.
  var isBeingHashed: (PieceIndex) -> Bool = { _ in false }

  init(
    geometry: PieceGeometry, verified: Bitfield, wanted: Bitfield, memoryLimit: Int,
    isSequential: Bool, random: SeededRandom, clock: any LoopClock
  ) {
    self.geometry = geometry
    endgame = EndgameRetry(clock: clock)
    board = PieceBoard(
      geometry: geometry, verified: verified, wanted: wanted, isSequential: isSequential,
      random: random)
    backlogLimit = geometry.pieceLength >= PieceVerifier.bigPiece ? .max : 12 << 20
    buffers = PieceBuffers(geometry: geometry, memoryLimit: memoryLimit)
    endgame.retry = { [unowned self] in wakeMainSource() }
  }

  // MARK: - Peers

  func joined(_ peer: PeerNumber) {
    peerCount += 1
    board.peerJoined(peer)
  }

  func left(_ session: any LaneWorker) {
    peerCount -= 1
    board.peerLeft(session.number)
    stopWaiting(session)
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

  /// How many blocks the peer may owe, so that the memory is enough for all.
  func share(of peer: PeerNumber) -> Int {
    board.fairShare(of: peer, capacity: buffers.capacity(peers: peerCount))
  }

  func setSuspect(_ peer: PeerNumber, _ isSuspect: Bool) {
    board.setSuspect(peer, isSuspect)
  }

  // MARK: - Claims

  /// Whether what is asked for twice would come out of a limit that is reached anyway: then slow
  /// peers are not what a run waits for.
  var savesDuplicates: () -> Bool = { false }

  /// The next piece for this session, or nil; then the session is woken when that may change.
  func claim(for session: any LaneWorker, now: Instant) -> Claim? {
    // Half a second is long at the end; before that the pulse tells it often enough.
    if board.isEndgame { session.reportRate(now: now) }
    guard let claim = makeClaim(for: session.number, depth: session.depth, now: now),
      claim.kind != .endgame || !savesDuplicates()
    else {
      if !session.isIdle {
        session.isIdle = true
        idle.append(session)
      }
      if wakeChain > 0 {
        wakeChain -= 1
        wakeFirstIdle()
      }
      if board.isEndgame { endgame.askedInVain() }
      return nil
    }
    // It may have asked again by itself, because it can do more than before.
    if session.isIdle { stopWaiting(session) }
    if claim.kind == .fresh { buffers.reserve(claim.piece) }
    endgame.found()
    passOnWork()
    return claim
  }

  /// The same for a source of whole runs, which begins at the front where that is possible.
  func claimRun(for worker: any LaneWorker, now: Instant) -> Claim? {
    claim(for: worker, now: now).map { board.startOfRun($0, for: worker.number) }
  }

  /// The piece behind another one, if nothing of it is here or owed and there is memory for it.
  func claimWhole(after piece: PieceIndex, for peer: PeerNumber) -> Claim? {
    claimWhole(PieceIndex(piece.value + 1), for: peer)
  }

  /// The first such piece from `start` on.
  func claimFirstWhole(for peer: PeerNumber, from start: Int = 0) -> Claim? {
    board.firstWhole(for: peer, from: start).flatMap { claimWhole($0, for: peer) }
  }

  /// What `claimFirstWhole` would claim if there is memory.
  func firstWhole(for peer: PeerNumber, from start: Int) -> PieceIndex? {
    isClosed ? nil : board.firstWhole(for: peer, from: start)
  }

  /// Has a lane that waits ask again if its peer may begin one more piece by now: what it had begun
  /// may have been its share of the memory.
  func wakeIfMayOpen(_ session: any LaneWorker) {
    guard session.isIdle, buffers.canReserve(peers: peerCount),
      board.mayOpen(session.number, capacity: buffers.capacity(peers: peerCount))
    else { return }
    session.laneWakeup.fire()
  }

  private func stopWaiting(_ worker: any LaneWorker) {
    worker.isIdle = false
    let index = idle.elements.firstIndex { $0 === worker }
    if let index { idle.remove(at: index - idle.elements.startIndex) }
  }

  /// Has the worker woken when there may be memory for one more piece.
  func awaitMemory(_ worker: any LaneWorker) {
    guard !worker.isIdle else { return }
    worker.isIdle = true
    idle.append(worker)
  }

  private func claimWhole(_ piece: PieceIndex, for peer: PeerNumber) -> Claim? {
    guard buffers.canReserve(peers: peerCount), let claim = board.claimWhole(piece, for: peer)
    else { return nil }
    buffers.reserve(claim.piece)
    return claim
  }

  /// Asks the board; if memory is what is short, pieces that nobody can finish give up theirs.
  private func makeClaim(for peer: PeerNumber, depth: Int, now: Instant) -> Claim? {
    let canOpen = buffers.canReserve(peers: peerCount)
    let capacity = buffers.capacity(peers: peerCount)
    if let claim = board.claim(
      for: peer, now: now, canOpenPiece: canOpen, capacity: capacity, depth: depth)
    {
      return claim
    }
    guard !canOpen, board.isInteresting(peer),
      let piece = board.shedAbandoned(sparing: isBeingHashed)
    else { return nil }
    pieceGivenUp(piece)
    buffers.release(piece)
    return board.claim(
      for: peer, now: now, canOpenPiece: buffers.canReserve(peers: peerCount), capacity: capacity,
      depth: depth)
  }

  /// How many pieces one peer works on side by side.
  ///
  /// Big ones are hashed as they come in, and more of them at once fill more lanes.
  var claimDepth: Int {
    guard geometry.pieceLength >= PieceVerifier.bigPiece else { return 1 }
    let peers = max(1, peerCount)
    let room = buffers.capacity(peers: peers) * Block.standardLength / geometry.pieceLength
    return max(1, min(8, min(room, 16) / peers))
  }

  func nextRequest(of claim: Claim, for peer: PeerNumber, now: Instant) -> BlockRequest? {
    board.nextRequest(of: claim, for: peer, now: now)
  }

  /// The peer will not deliver these: others may.
  func release(_ blocks: [Block], by peer: PeerNumber) {
    for block in blocks { board.release(block, by: peer) }
    if !blocks.isEmpty { wakeIdle() }
  }

  /// The peer can't do what it has just claimed.
  func release(_ claim: Claim, by peer: PeerNumber) {
    board.giveBack(claim.piece, by: peer)
    wakeIdle()
  }

  /// Takes back the blocks that a peer owed when it choked us; its claims wait for its unchoke.
  ///
  /// Only one idle lane is woken, and wakes the next one if it leaves free blocks. Otherwise a peer
  /// that chokes us all the time would have all lanes search for work each time.
  func choked(_ session: any LaneWorker, returning blocks: [Block]) {
    board.choked(session.number, returning: blocks)
    // A choked lane finds nothing, and would not wake the next one.
    if session.isIdle { stopWaiting(session) }
    if board.hasFreeBlocks { wakeOneIdle() }
  }

  /// Lets a peer continue its claims after it unchoked us.
  func unchoked(_ peer: PeerNumber) {
    board.unchoked(peer)
  }

  /// Lets every idle lane ask again.
  func wakeIdle() {
    for _ in 0..<idle.count { wakeFirstIdle() }
  }

  /// Lets one idle lane ask again, and if it has no use for the room, a few more.
  ///
  /// With hundreds of idle peers, waking all of them for one free buffer would cost more than the
  /// piece. The fastest comes first: it gives the room back soonest.
  private func wakeOneIdle() {
    wakeChain = min(Self.wakeTries, idle.count - 1)
    wakeIdle(at: fastestIdle)
  }

  /// Lets the fastest idle lane ask again, if it brings a good part of all that comes.
  ///
  /// Among many equally slow peers the moment does not matter, and what each is asked for twice does.
  private func wakeMainSource() {
    refreshRates()
    let index = fastestIdle
    guard index < idle.count, board.isMainSource(idle[index].number) else { return }
    wakeIdle(at: index)
  }

  /// One lane has found something: as long as free blocks are left, the next idle one may as well.
  ///
  /// A peer that may owe only two or three blocks leaves the rest of a piece to others.
  private func passOnWork() {
    guard !idle.isEmpty, board.hasFreeBlocks else {
      wakeChain = 0
      return
    }
    wakeChain = min(Self.wakeTries, idle.count - 1)
    wakeFirstIdle()
  }

  private func wakeFirstIdle() { wakeIdle(at: 0) }

  private func wakeIdle(at index: Int) {
    guard index < idle.count else { return }
    let session = idle[index]
    idle.remove(at: index)
    session.isIdle = false
    session.laneWakeup.fire()
  }

  /// The fastest of those that have waited longest.
  private var fastestIdle: Int {
    var best = (index: 0, rate: -1.0)
    for index in 0..<min(idle.count, Self.idleLooks) {
      let rate = board.rate(of: idle[index].number)
      if rate > best.rate { best = (index, rate) }
    }
    return best.index
  }

  // MARK: - Blocks

  /// Returns the place for the payload of a requested block; `isDuplicate` says whether another peer
  /// was asked for it before.
  func placement(of block: Block, isDuplicate: Bool) -> BlockPlacement {
    guard !board.hasReceived(block), let address = buffers.address(of: block) else {
      return .discard
    }
    return isDuplicate ? .aside : .direct(address)
  }

  /// A whole block is in its place, or aside.
  func received(
    _ block: Block, from peer: PeerNumber, aside: UnsafeRawPointer?
  ) -> BlockReceipt {
    if let aside, !board.hasReceived(block), let address = buffers.address(of: block) {
      address.copyMemory(from: aside, byteCount: block.length)
    }
    let receipt = board.received(block, from: peer)
    if receipt.completesPiece {
      backlog += geometry.length(of: block.piece)
      pieceCompleted(block.piece, board.isOnTrial(peer))
    } else if receipt.isUseful {
      pieceAdvanced(block.piece)
    }
    return receipt
  }

  // MARK: - Pieces

  func verified(_ piece: PieceIndex) {
    board.pieceVerified(piece)
    judged(piece)
    if board.isComplete { close() } else { wakeOneIdle() }
  }

  func failed(_ piece: PieceIndex) {
    board.pieceFailed(piece)
    judged(piece)
    wakeIdle()
  }

  private func judged(_ piece: PieceIndex) {
    buffers.release(piece)
    backlog -= geometry.length(of: piece)
    for session in awaitingVerdict { session.readerWakeup.fire() }
    awaitingVerdict.removeAll()
    guard backlog <= backlogLimit / 2, !held.isEmpty else { return }
    for wakeup in held { wakeup.fire() }
    held.removeAll()
  }

  // MARK: - Backlog

  /// Whether more waits to be hashed and written than the workers should be behind with.
  ///
  /// Then readers hold: what comes waits in the sockets, and costs us nothing there.
  var isBehind: Bool { backlog > backlogLimit }

  /// Whether a reader should wait for the backlog to shrink, of which `wakeup` then tells.
  func holds(until wakeup: Wakeup) -> Bool {
    if isBehind, !held.contains(where: { $0 === wakeup }) { held.append(wakeup) }
    return isBehind
  }

  /// Whether the session should not read on now; then its reader is woken when that may change.
  ///
  /// Besides the backlog it may be that the peer is on trial and a piece of its is being hashed: a
  /// liar is found out by its first piece, and not after a dozen.
  func holds(_ session: PeerSession) -> Bool {
    if holds(until: session.readerWakeup) { return true }
    guard let piece = session.lastCompleted, board.isBeingHashed(piece),
      board.isOnTrial(session.number)
    else { return false }
    awaitingVerdict.append(session)
    return true
  }

  /// Ends all lanes: everything is verified, or the run is over.
  func close() {
    isClosed = true
    endgame.close()
    wakeIdle()
  }
}
