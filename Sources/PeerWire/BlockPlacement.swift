/// Where the payload of one incoming block goes.
package enum BlockPlacement: Equatable {
  /// Straight into the piece's buffer, at this address: this peer alone may write there now.
  case direct(UnsafeMutableRawPointer)
  /// Into a buffer of the connection's own, to be copied if the block is still wanted when it is
  /// whole: another peer may be writing the same block.
  case aside
  /// Nowhere: the bytes are read and forgotten.
  case discard
}
