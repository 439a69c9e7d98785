import Metainfo
package import Primitives

extension TorrentStorage {

  /// Hashes the pieces of a set within a range, and returns the correct ones in order.
  ///
  /// Call it after `inspect`, from any number of threads with disjoint ranges, which share `holes`.
  /// Up to 16 pieces are hashed at a time in the CPU's SIMD lanes. Pieces with a missing or
  /// truncated file, and holes in files, are not read. The memory is 1 MiB with any piece length,
  /// because the pieces of a batch are read and hashed in equal steps.
  package func checkPieces(
    _ range: Range<Int>, of set: Bitfield, holes: HoleMap = HoleMap(),
    progress: (Int64) -> Void = { _ in },
    isCancelled: () -> Bool = { false }
  ) throws(StorageError) -> [PieceIndex] {
    var check = PieceCheck(storage: self, holes: holes)
    var verified: [PieceIndex] = []
    var batch: [PieceIndex] = []
    var done: Int64 = 0
    var next = range.lowerBound
    while next < range.upperBound, !isCancelled() {
      batch.removeAll(keepingCapacity: true)
      let end = min(range.upperBound, next + PieceCheck.scanBound)
      while next < end, batch.count < check.batchLimit {
        let piece = PieceIndex(next)
        next += 1
        guard set.contains(piece) else { continue }
        done += Int64(torrent.geometry.length(of: piece))
        switch try check.content(of: piece) {
        case .absent: break
        case .zeros: if check.isHashOfZeros(piece) { verified.append(piece) }
        case .data: batch.append(piece)
        }
      }
      verified += try check.verify(batch)
      progress(done)
    }
    return verified.sorted()
  }
}
