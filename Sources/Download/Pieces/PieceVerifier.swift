import Hashing
import Metainfo
import Networking
import Primitives
import Storage
import Swarm

/// The verifier of one torrent, which hashes complete pieces, many at once, and writes the good
/// ones.
///
/// Two batches may be under way at a time: while one is hashed and written by a worker, the next
/// one fills. A hash pass costs the same however many of its lanes are used, so a batch that would
/// leave most of them empty waits a moment for more, unless no more pieces are expected. There are
/// too few big pieces to fill the lanes when they are complete; they are hashed while they arrive.
///
/// The pieces that wait are bounded by the room for pieces, of which the exchange keeps account.
@Reactor
final class PieceVerifier {
  /// The result of hashing and writing one piece.
  struct Verdict: Sendable {
    let piece: PieceIndex
    let isGood: Bool
    /// The hashes of its blocks; nil if the corruption ledger does not need them.
    let blockDigests: [[UInt8]]?
    /// The reason why it could not be written; nil if it was.
    let failure: StorageError?
  }

  /// The progress of hashing one piece.
  private struct Progress {
    var state = SHA1State()
    /// The number of bytes of the piece that `state` covers.
    var hashed = 0
    /// A Boolean value indicating whether every block is here.
    var isComplete = false
    /// A Boolean value indicating whether the piece waits for a batch.
    var isWaiting = false
    /// A Boolean value indicating whether a batch in progress contains the piece.
    var isBusy = false
  }

  /// The number of tasks that hash: one batch is hashed and written while the next one fills.
  static let batchers = 2
  /// The length from which on a piece is hashed while it arrives, in bytes.
  static let bigPiece = 1 << 20
  /// The maximum number of pieces in a batch.
  ///
  /// The widest kernel has as many lanes, and a smaller batch leaves some of them empty.
  private static let batchLimit = 16
  private static let batchBytes = 8 << 20
  /// The minimum number of bytes of a big piece that are hashed at once, except for its last ones.
  private static let shortestStretch = 64 << 10
  /// The time that a batch may take on the loop; if it takes longer, a worker gets the next ones
  /// for the time of `retreat`.
  private static let longestStay = Duration.milliseconds(50)
  private static let retreat = Duration.seconds(5)
  /// The time for which a piece may wait for others, and the number of waiting bytes that end it.
  private static let patience = Duration.milliseconds(50)
  private static let enoughBytes = 4 << 20
  private static let enoughBigBytes = 3 << 20

  private let torrent: TorrentMetainfo
  private let storage: any PieceStorage
  private let workers: any WorkerPool
  private unowned let swarm: TorrentSwarm
  private let clock: any LoopClock
  /// A Boolean value indicating whether pieces are hashed on the loop, because there are few
  /// processors.
  private let worksOnLoop: Bool
  /// The time until which the loop leaves the work to the worker.
  private var loopIsFreeAgain = Instant.zero
  private let hashesEarly: Bool
  private var progress: [PieceIndex: Progress] = [:]
  private var waiting = Fifo<PieceIndex>()
  /// A Boolean value indicating whether one of the waiting pieces is urgent.
  private var isUrgent = false
  /// The number of pieces in batches that are in progress.
  private var busyCount = 0
  /// The time since which the first waiting piece waits.
  private var waitingSince = Instant.zero
  private let wakeups = (0..<batchers).map { _ in Wakeup() }
  private var isClosed = false
  init(
    torrent: TorrentMetainfo, storage: any PieceStorage, swarm: TorrentSwarm,
    environment: Environment
  ) {
    self.torrent = torrent
    self.storage = storage
    workers = environment.pieceWorkers
    self.swarm = swarm
    clock = environment.clock
    worksOnLoop = environment.hashesOnLoop
    hashesEarly = torrent.geometry.pieceLength >= Self.bigPiece
  }

  // MARK: - Arrivals

  /// Queues a piece whose blocks are all here; an urgent one does not wait for others.
  func submit(_ piece: PieceIndex, isUrgent: Bool) {
    progress[piece, default: Progress()].isComplete = true
    if isUrgent { self.isUrgent = true }
    enqueue(piece)
  }

  /// Records the arrival of a block of a piece that is not complete.
  func advanced(_ piece: PieceIndex) {
    guard hashesEarly else { return }
    let hashed = progress[piece]?.hashed ?? 0
    let ready = swarm.exchange.board.contiguousBytes(of: piece) - hashed
    guard ready >= Self.shortestStretch else { return }
    if progress[piece]?.isWaiting == true {
      if ready.isMultiple(of: Self.shortestStretch), isDue { wake() }
    } else {
      progress[piece, default: Progress()].isComplete = false
      enqueue(piece)
    }
  }

  /// Forgets a piece that was given up before it was complete.
  func forget(_ piece: PieceIndex) {
    progress[piece] = nil
  }

  private func enqueue(_ piece: PieceIndex) {
    guard let entry = progress[piece], !entry.isWaiting, !entry.isBusy else { return }
    progress[piece]?.isWaiting = true
    if waiting.isEmpty { waitingSince = clock.now }
    waiting.append(piece)
    if waiting.count == 1 || isDue { wake() }
  }

  private func wake() {
    for wakeup in wakeups { wakeup.fire() }
  }

  /// Returns the number of bytes of a piece that can be hashed now.
  private func ready(_ piece: PieceIndex) -> Int {
    guard let entry = progress[piece] else { return 0 }
    let end =
      entry.isComplete
      ? torrent.geometry.length(of: piece) : swarm.exchange.board.contiguousBytes(of: piece)
    return end - entry.hashed
  }

  // MARK: - Batches

  /// Ends the batchers after the batches under way.
  func close() {
    isClosed = true
    wake()
  }

  /// Hashes batches until closed; `batchers` of these run concurrently.
  func run(batcher: Int) async {
    // Two batches of big pieces would each leave lanes empty.
    guard batcher == 0 || !hashesEarly else { return }
    while !isClosed {
      guard !waiting.isEmpty else {
        guard await wakeups[batcher].wait() else { return }
        continue
      }
      guard isDue else {
        let due = waitingSince + Self.patience
        guard await clock.wait(for: wakeups[batcher], until: due) != .cancelled else { return }
        continue
      }
      let batch = takeBatch()
      guard !batch.isEmpty else { continue }
      if staysOnLoop {
        process(batch)
        await Task.yield()
      } else {
        let storage = storage
        let outcomes = await workers.run { PieceJob.process(batch, storage: storage) }
        for outcome in outcomes { settle(outcome) }
      }
    }
  }

  /// Hashes and writes the batches that fill a pass, if that is done on the loop.
  ///
  /// Readers call it after each read, while the bytes are in this processor's cache. A separate
  /// task would get its turn only after all other readers had filled their buffers.
  func processFullBatches() {
    while !isClosed, waiting.count >= Self.batchLimit, staysOnLoop { process(takeBatch()) }
  }

  private var staysOnLoop: Bool { worksOnLoop && !hashesEarly && clock.now >= loopIsFreeAgain }

  /// Hashes and writes a batch at once.
  private func process(_ batch: [PieceJob]) {
    let start = clock.now
    let outcomes = PieceJob.process(batch, storage: storage)
    // A disk that makes writers wait must not make peers, timers and signals wait as well.
    if clock.now - start > Self.longestStay { loopIsFreeAgain = clock.now + Self.retreat }
    for outcome in outcomes { settle(outcome) }
  }

  /// A Boolean value indicating whether the waiting pieces are worth a pass now.
  private var isDue: Bool {
    waiting.count >= min(Self.batchLimit, swarm.exchange.board.activePieceCount - busyCount)
      || isUrgent || swarm.exchange.board.isEndgame || swarm.exchange.isBehind
      || clock.now - waitingSince >= Self.patience
      || waiting.elements.reduce(0) { $0 + ready($1) }
        >= (hashesEarly ? Self.enoughBigBytes : Self.enoughBytes)
  }

  private func takeBatch() -> [PieceJob] {
    var pieces: [(index: PieceIndex, bytes: PieceBytes, ready: Int)] = []
    var length = 0
    while pieces.count < Self.batchLimit, hashesEarly || length < Self.batchBytes,
      let piece = waiting.popFirst()
    {
      // A piece that was given up meanwhile has no bytes, or waits once more for its next attempt.
      guard progress[piece]?.isWaiting == true, let bytes = swarm.content?.buffers.bytes(of: piece)
      else {
        continue
      }
      progress[piece]?.isWaiting = false
      pieces.append((piece, bytes, ready(piece)))
      length += ready(piece)
    }
    waitingSince = clock.now
    isUrgent = isUrgent && !waiting.isEmpty
    guard !pieces.isEmpty else { return [] }
    // The end of a stretch much longer than the others would be hashed alone.
    let usual = pieces.map(\.ready).sorted()[pieces.count / 4]
    let longest = hashesEarly ? max(Self.shortestStretch, usual & ~63) : .max
    return pieces.map { piece, bytes, ready in
      var entry = progress[piece] ?? Progress()
      entry.isBusy = true
      busyCount += 1
      progress[piece] = entry
      if hashesEarly { swarm.exchange.setBeingRead(piece, true) }
      return PieceJob(
        piece: piece, bytes: bytes, range: entry.hashed..<entry.hashed + min(ready, longest),
        state: entry.state, expected: torrent.pieceHash(piece),
        needsDigests: swarm.exchange.needsDigests(of: piece))
    }
  }

  private func settle(_ outcome: PieceJob.Outcome) {
    busyCount -= 1
    switch outcome {
    case .judged(let verdict):
      progress[verdict.piece] = nil
      swarm.judged(verdict)
    case .hashed(let piece, let state, let end):
      guard var entry = progress[piece] else { return }
      entry.state = state
      entry.hashed = end
      entry.isBusy = false
      progress[piece] = entry
      swarm.exchange.setBeingRead(piece, false)
      if entry.isComplete { enqueue(piece) } else { advanced(piece) }
    }
  }
}
