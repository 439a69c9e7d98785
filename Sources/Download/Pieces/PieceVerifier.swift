import Hashing
import Metainfo
import Networking
import Primitives
import Storage
import Swarm

/// Hashes the pieces that have come in, many at once, and writes the good ones.
///
/// Two batches may be under way at a time: while one is hashed and written by a worker, the next
/// one fills. A hash pass costs the same however many of its lanes are used, so a batch that would
/// leave most of them empty waits a moment for more, unless nothing more is to be expected. Of big
/// pieces there are too few to fill the lanes when they are whole; they are hashed as they come in.
///
/// The pieces that wait are bounded by the room for pieces, of which the exchange keeps account.
@Reactor
final class PieceVerifier {
  /// What became of one piece.
  struct Verdict: Sendable {
    let piece: PieceIndex
    let isGood: Bool
    /// The hashes of its blocks, when the corruption ledger needs them.
    let blockDigests: [[UInt8]]?
    /// Why it could not be written.
    let failure: StorageError?
  }

  /// How far a piece is hashed.
  private struct Progress {
    var state = SHA1State()
    /// So many bytes of the piece are in `state`.
    var hashed = 0
    /// Whether every block is there.
    var isComplete = false
    /// Whether it waits for a batch.
    var isWaiting = false
    /// Whether a worker has it.
    var isBusy = false
  }

  static let lanes = 2
  /// From this length on a piece is hashed as it comes in, in bytes.
  static let bigPiece = 1 << 20
  /// As many pieces as the widest kernel has lanes; a batch with fewer leaves some of them empty.
  private static let batchLimit = 16
  private static let batchBytes = 8 << 20
  /// How much of a big piece must be there before it is hashed, unless it is the last of it.
  private static let shortestStretch = 64 << 10
  /// How long a batch may take on the loop before a worker gets the next ones, and for how long.
  private static let longestStay = Duration.milliseconds(50)
  private static let retreat = Duration.seconds(5)
  /// How long a piece may wait for company, and how many bytes of it are enough.
  private static let patience = Duration.milliseconds(50)
  private static let enoughBytes = 4 << 20
  private static let enoughBigBytes = 3 << 20

  private let torrent: TorrentMetainfo
  private let storage: any PieceStorage
  private let workers: any WorkerPool
  private unowned let swarm: TorrentSwarm
  private let clock: any LoopClock
  /// Whether a processor more would rather be left to others.
  private let worksOnLoop: Bool
  /// Until then the loop leaves the work to the worker.
  private var loopIsFreeAgain = Instant.zero
  private let hashesEarly: Bool
  private var progress: [PieceIndex: Progress] = [:]
  private var waiting = Fifo<PieceIndex>()
  /// Whether one of those is urgent.
  private var isUrgent = false
  /// How many pieces workers have.
  private var busyCount = 0
  /// Since when the first of them waits.
  private var waitingSince = Instant.zero
  private var wakeups = [Wakeup(), Wakeup()]
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

  // MARK: - What comes in

  /// A piece whose blocks are all there; an urgent one waits for no company.
  func submit(_ piece: PieceIndex, isUrgent: Bool) {
    progress[piece, default: Progress()].isComplete = true
    if isUrgent { self.isUrgent = true }
    enqueue(piece)
  }

  /// A block of a piece has come, but not the last one.
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

  /// The piece was given up before it was whole.
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

  /// How many bytes of the piece can be hashed now.
  private func ready(_ piece: PieceIndex) -> Int {
    guard let entry = progress[piece] else { return 0 }
    let end =
      entry.isComplete
      ? torrent.geometry.length(of: piece) : swarm.exchange.board.contiguousBytes(of: piece)
    return end - entry.hashed
  }

  // MARK: - Batches

  /// Ends the lanes after the batches under way.
  func close() {
    isClosed = true
    wake()
  }

  /// Works until closed; run `lanes` of these side by side.
  func run(lane: Int) async {
    // Big pieces that one batch has are missing in the lanes of the other.
    guard lane == 0 || !hashesEarly else { return }
    while !isClosed {
      guard !waiting.isEmpty else {
        guard await wakeups[lane].wait() else { return }
        continue
      }
      guard isDue else {
        let due = waitingSince + Self.patience
        guard await clock.wait(for: wakeups[lane], until: due) != .cancelled else { return }
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

  /// Hashes and writes what fills a pass, if that is done on the loop.
  ///
  /// Readers call it after each read, while the bytes are in this processor's cache: when a task of
  /// its own has its turn, all other readers have filled buffers of theirs.
  func processFullBatches() {
    while !isClosed, waiting.count >= Self.batchLimit, staysOnLoop { process(takeBatch()) }
  }

  private var staysOnLoop: Bool { worksOnLoop && !hashesEarly && clock.now >= loopIsFreeAgain }

  /// Hashes and writes a batch here and now.
  private func process(_ batch: [PieceJob]) {
    let start = clock.now
    let outcomes = PieceJob.process(batch, storage: storage)
    // A disk that makes writers wait must not make peers, timers and signals wait as well.
    if clock.now - start > Self.longestStay { loopIsFreeAgain = clock.now + Self.retreat }
    for outcome in outcomes { settle(outcome) }
  }

  /// Whether what waits is worth a pass now.
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
      // One that was given up meanwhile has no bytes, or waits here once more for its next try.
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
    // Lanes that are much longer than the others would be hashed alone.
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
