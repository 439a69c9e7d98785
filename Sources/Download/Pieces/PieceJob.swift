import Hashing
import Metainfo
import Primitives
import Storage

/// A stretch of a piece on its way through a worker; the last one decides on the piece.
struct PieceJob: Sendable {
  let piece: PieceIndex
  /// The whole piece.
  let bytes: PieceBytes
  /// The stretch, in bytes from the piece's start.
  let range: Range<Int>
  /// The hash state of the bytes before the stretch.
  let state: SHA1State
  let expected: SHA1Digest
  let needsDigests: Bool

  private var isLast: Bool { range.upperBound == bytes.count }

  private var stretch: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(rebasing: bytes.buffer[range])
  }

  /// The result of a stretch.
  enum Outcome: Sendable {
    /// The hash state up to the end of the stretch.
    case hashed(PieceIndex, SHA1State, upTo: Int)
    /// The verdict on the piece, after its last stretch.
    case judged(PieceVerifier.Verdict)
  }

  /// Hashes a batch in the lanes of one pass, and writes the good pieces.
  static func process(_ batch: [PieceJob], storage: any PieceStorage) -> [Outcome] {
    var states = batch.map(\.state)
    unsafe SHA1State.update(&states, with: batch.map { unsafe $0.stretch })
    return zip(batch, states).map { job, state in
      guard job.isLast else { return .hashed(job.piece, state, upTo: job.range.upperBound) }
      return .judged(job.judge(state.finish(), storage))
    }
  }

  private func judge(_ digest: SHA1Digest, _ storage: any PieceStorage) -> PieceVerifier.Verdict {
    let isGood = digest == expected
    return PieceVerifier.Verdict(
      piece: piece, isGood: isGood,
      blockDigests: isGood && !needsDigests ? nil : blockDigests(),
      failure: isGood ? write(to: storage) : nil)
  }

  private func write(to storage: any PieceStorage) -> StorageError? {
    do throws(StorageError) {
      try unsafe storage.write(piece: piece, bytes: bytes.buffer)
      return nil
    } catch {
      return error
    }
  }

  private func blockDigests() -> [[UInt8]] {
    let blocks = unsafe stride(from: 0, to: bytes.count, by: Block.standardLength).map { offset in
      unsafe UnsafeRawBufferPointer(
        rebasing: bytes.buffer[offset..<min(offset + Block.standardLength, bytes.count)])
    }
    return unsafe SHA1.digests(of: blocks).map(\.bytes)
  }
}
