import Hashing
import Metainfo
import Primitives

/// A hasher for the pieces of a tree, which uses all cores and several SIMD lanes on each.
struct PieceHasher: Sendable {
  /// The number of pieces that one task hashes at once.
  private static let lanes = 16
  /// The number of bytes of each piece that are read in one step.
  private static let longestStep = 128 << 10

  let tree: FileTree
  let geometry: PieceGeometry

  /// Hashes all pieces, and passes the number of bytes done so far to `progress`.
  ///
  /// It needs 2 MiB of memory for each core, with any piece length.
  ///
  /// - Returns: The hash of each piece, or the failure. If the task was cancelled, hashes are
  ///   missing.
  func run(progress: (Int64) -> Void) async -> Result<[PieceHash], CommandFailure> {
    let offsets = TreeReader.offsets(of: tree)
    var hashes = [PieceHash?](repeating: nil, count: geometry.pieceCount)
    var done: Int64 = 0
    let failure = await Stretches.forEach(
      of: geometry.pieceCount, step: Stretches.step(pieceLength: geometry.pieceLength)
    ) { range in
      do throws(CommandFailure) {
        return .success(try hash(range, offsets))
      } catch {
        return .failure(error)
      }
    } collect: { range, digests in
      for (number, digest) in zip(range, digests) { hashes[number] = digest }
      for number in range { done += Int64(geometry.length(of: PieceIndex(number))) }
      progress(done)
    }
    if let failure { return .failure(failure) }
    return .success(hashes.compactMap(\.self))
  }

  private func hash(
    _ range: Range<Int>, _ offsets: [Int64]
  ) throws(CommandFailure) -> [PieceHash] {
    var reader = TreeReader(tree: tree, offsets: offsets)
    let step = min(Self.longestStep, geometry.pieceLength)
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: step * Self.lanes, alignment: 64)
    defer { unsafe buffer.deallocate() }
    var hashes: [PieceHash] = []
    var next = range.lowerBound
    while next < range.upperBound {
      let batch = (next..<min(range.upperBound, next + Self.lanes)).map(PieceIndex.init)
      hashes += try unsafe hash(batch, step: step, buffer, &reader)
      next += batch.count
    }
    return hashes
  }

  /// Reads and hashes a few pieces in equal steps.
  private func hash(
    _ pieces: [PieceIndex], step: Int, _ buffer: UnsafeMutableRawBufferPointer,
    _ reader: inout TreeReader
  ) throws(CommandFailure) -> [PieceHash] {
    var states = Array(repeating: SHA1State(), count: pieces.count)
    var position = 0
    while position < geometry.length(of: pieces[0]) {
      var chunks: [UnsafeRawBufferPointer] = unsafe []
      for (lane, piece) in pieces.enumerated() {
        let length = max(0, min(step, geometry.length(of: piece) - position))
        let part = unsafe UnsafeMutableRawBufferPointer(
          rebasing: buffer[lane * step..<lane * step + length])
        try unsafe reader.read(at: geometry.offset(of: piece) + Int64(position), into: part)
        unsafe chunks.append(UnsafeRawBufferPointer(part))
      }
      unsafe SHA1State.update(&states, with: chunks)
      position += step
    }
    return states.map { $0.finish() }
  }
}
