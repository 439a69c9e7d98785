import PeerWire
import Primitives
import Storage

/// Reads blocks from the files in the form in which they are sent.
enum BlockReader {
  /// The `piece` frames of the blocks, one after the other; nil when a file could not be read.
  static func read(_ blocks: [Block], from storage: TorrentStorage) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(
      blocks.reduce(0) { $0 + $1.length + PeerMessage.pieceHeaderLength })
    for block in blocks {
      PeerMessage.appendPieceHeader(of: block, to: &bytes)
      let start = bytes.count
      bytes.append(contentsOf: repeatElement(0, count: block.length))
      do throws(StorageError) {
        try bytes.withUnsafeMutableBytes { buffer throws(StorageError) in
          guard let base = buffer.baseAddress else { return }
          try storage.read(block: block, into: base + start)
        }
      } catch {
        return nil
      }
    }
    return bytes
  }
}
