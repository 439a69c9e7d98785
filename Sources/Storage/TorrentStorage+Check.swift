import Metainfo
package import Primitives

extension TorrentStorage {
  /// Hashes what is on disk and returns the pieces that are whole and right.
  ///
  /// One thread's work; spread `checkPieces` over several for speed. `progress` hears of the bytes
  /// done so far; when `isCancelled` says so, the pieces found by then are returned.
  package func check(
    progress: (Int64) -> Void = { _ in }, isCancelled: () -> Bool = { false }
  ) throws(StorageError) -> Bitfield {
    let count = torrent.geometry.pieceCount
    var verified = Bitfield(count: count)
    let all = Bitfield(count: count, filled: true)
    for piece in try checkPieces(0..<count, of: all, progress: progress, isCancelled: isCancelled) {
      verified.insert(piece)
    }
    return verified
  }

  /// Hashes those pieces of a set that lie in a range, 16 at a time across the CPU's lanes, and
  /// returns the right ones in order.
  ///
  /// Call it after `inspect`, from any number of threads with ranges that do not overlap. Pieces
  /// with a file missing or too short, and holes in files, are not read. The memory is 1 MiB,
  /// whatever the piece length: the pieces of a batch are read and hashed in equal steps. The ranges
  /// of one check share `holes`.
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
