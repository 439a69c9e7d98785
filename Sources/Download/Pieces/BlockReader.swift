import PeerWire
import Primitives
import Storage

/// A reader of blocks in the form in which they are sent.
enum BlockReader {
  /// Returns the `piece` frames of blocks, one after the other; nil if a file could not be read.
  static func read(_ blocks: [Block], from storage: any PieceStorage) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(
      blocks.reduce(0) { $0 + $1.length + PeerMessage.pieceHeaderLength })
    for block in blocks {
      PeerMessage.appendPieceHeader(of: block, to: &bytes)
      let start = bytes.count
      bytes.append(contentsOf: repeatElement(0, count: block.length))
      let isRead = unsafe bytes.withUnsafeMutableBytes { buffer in
        unsafe fill(UnsafeMutableRawBufferPointer(rebasing: buffer[start...]), block, from: storage)
      }
      guard isRead else { return nil }
    }
    return bytes
  }

  private static func fill(
    _ buffer: UnsafeMutableRawBufferPointer, _ block: Block, from storage: any PieceStorage
  ) -> Bool {
    do throws(StorageError) {
      try unsafe storage.read(block: block, into: buffer)
      return true
    } catch {
      return false
    }
  }
}
