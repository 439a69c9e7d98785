package import Primitives

/// Decides where a block's payload goes.
///
/// The flag says whether the block was asked for second, after another peer (true), or first
/// (false); it is nil for a block that is not outstanding.
package typealias BlockPlacing = (_ block: Block, _ isDuplicate: Bool?) -> BlockPlacement

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
