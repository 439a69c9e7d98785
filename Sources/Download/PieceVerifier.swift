import Hashing
import Metainfo
import Networking
import Primitives
import Storage

/// Hashes the pieces that have come in, many at once, and writes the good ones.
///
/// Two batches may be under way at a time: while one is hashed and written by a worker, the next
/// one fills. Each takes what is waiting, up to the lanes of a hash pass; it never waits for more.
/// What waits is bounded by the buffers of `PieceWork`, which gives none out while they are taken.
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

  static let lanes = 2
  private static let batchLimit = 16
  private static let batchBytes = 8 << 20

  private let torrent: TorrentMetainfo
  private let storage: TorrentStorage
  private let workers: any WorkerPool
  private let work: PieceWork
  private var pending = Fifo<PieceIndex>()
  private var wakeups = [Wakeup(), Wakeup()]
  private var isClosed = false
  /// Whether the block hashes of this piece are needed even when it is good.
  var needsDigests: (PieceIndex) -> Bool = { _ in false }
  /// Called with each verdict.
  var judged: (Verdict) -> Void = { _ in }

  init(
    torrent: TorrentMetainfo, storage: TorrentStorage, workers: any WorkerPool, work: PieceWork
  ) {
    self.torrent = torrent
    self.storage = storage
    self.workers = workers
    self.work = work
  }

  /// A piece whose blocks are all there.
  func submit(_ piece: PieceIndex) {
    pending.append(piece)
    for wakeup in wakeups { wakeup.fire() }
  }

  /// Ends the lanes after the batches under way.
  func close() {
    isClosed = true
    for wakeup in wakeups { wakeup.fire() }
  }

  /// Works until closed; run `lanes` of these side by side.
  func run(lane: Int) async {
    while !isClosed {
      let batch = takeBatch()
      guard !batch.isEmpty else {
        guard await wakeups[lane].wait() else { return }
        continue
      }
      let storage = storage
      let verdicts = await workers.run { PieceJob.process(batch, storage: storage) }
      for verdict in verdicts { judged(verdict) }
    }
  }

  private func takeBatch() -> [PieceJob] {
    var jobs: [PieceJob] = []
    var length = 0
    while jobs.count < Self.batchLimit, length < Self.batchBytes, let piece = pending.popFirst() {
      guard let bytes = work.buffers.bytes(of: piece) else { continue }
      length += bytes.count
      jobs.append(
        PieceJob(
          piece: piece, bytes: bytes, expected: torrent.pieceHash(piece),
          needsDigests: needsDigests(piece)))
    }
    return jobs
  }
}

/// One piece on its way through a worker.
struct PieceJob: Sendable {
  let piece: PieceIndex
  let bytes: PieceBytes
  let expected: SHA1Digest
  let needsDigests: Bool

  /// Hashes a batch and writes what is good.
  static func process(_ batch: [PieceJob], storage: TorrentStorage) -> [PieceVerifier.Verdict] {
    let digests = SHA1.digests(of: batch.map(\.bytes.buffer))
    return zip(batch, digests).map { job, digest in
      let isGood = digest == job.expected
      return PieceVerifier.Verdict(
        piece: job.piece, isGood: isGood,
        blockDigests: isGood && !job.needsDigests ? nil : job.blockDigests(),
        failure: isGood ? job.write(to: storage) : nil)
    }
  }

  private func write(to storage: TorrentStorage) -> StorageError? {
    do throws(StorageError) {
      try storage.write(piece: piece, bytes: bytes.buffer)
      return nil
    } catch {
      return error
    }
  }

  private func blockDigests() -> [[UInt8]] {
    let blocks = stride(from: 0, to: bytes.count, by: Block.standardLength).map { offset in
      UnsafeRawBufferPointer(
        rebasing: bytes.buffer[offset..<min(offset + Block.standardLength, bytes.count)])
    }
    return SHA1.digests(of: blocks).map(\.bytes)
  }
}
