import Metainfo
import Primitives

@testable import Storage

extension TorrentStorage {
  /// Hashes all data on disk in one thread and returns the correct pieces.
  func check(
    progress: (Int64) -> Void = { _ in }, isCancelled: () -> Bool = { false }
  ) throws(StorageError) -> Bitfield {
    let all = Bitfield(count: torrent.geometry.pieceCount, filled: true)
    var verified = Bitfield(count: all.count)
    for piece in try checkPieces(
      0..<all.count, of: all, progress: progress, isCancelled: isCancelled)
    {
      verified.insert(piece)
    }
    return verified
  }
}
