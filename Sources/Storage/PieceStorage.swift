package import Primitives

/// The place where an exchange keeps its pieces.
///
/// The engine knows no more of it than this, so pieces may also be kept elsewhere than in a
/// torrent's files. Calls block and may come from any thread, but never a read and a write of the
/// same bytes at the same time.
package protocol PieceStorage: AnyObject, Sendable {
  /// Writes a verified piece.
  func write(piece: PieceIndex, bytes: UnsafeRawBufferPointer) throws(StorageError)

  /// Reads a block of a piece that was written.
  func read(block: Block, into buffer: UnsafeMutableRawBufferPointer) throws(StorageError)

  /// Records which pieces are verified, so that they survive the process.
  func saveProgress(verified: Bitfield) throws(StorageError)

  /// Ends an incomplete run, whose pieces stay for the next one.
  func suspend(verified: Bitfield) throws(StorageError)

  /// Ends a run whose wanted pieces are all verified; they can still be read.
  func finish(verified: Bitfield?) throws(StorageError)

  /// Gives back all resources; nothing can be read afterwards.
  func close() throws(StorageError)
}
