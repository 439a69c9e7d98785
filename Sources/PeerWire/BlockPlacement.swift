package import Primitives

/// The place for the payload of one incoming block.
@safe
package enum BlockPlacement: Equatable {
  /// Straight into the piece's buffer, at this address: this peer alone may write there now.
  case direct(UnsafeMutableRawPointer)
  /// Into a buffer of the connection's own, to be copied if the block is still wanted when it is
  /// whole: another peer may be writing the same block.
  case aside
  /// Nowhere: the bytes are read and forgotten.
  case discard

  /// Returns whether both are the same place.
  package static func == (left: BlockPlacement, right: BlockPlacement) -> Bool {
    switch (left, right) {
    case (.direct(let left), .direct(let right)): unsafe left == right
    case (.aside, .aside), (.discard, .discard): true
    case (.direct, _), (.aside, _), (.discard, _): false
    }
  }
}

/// A block that is expected, and the place for its payload.
package struct ExpectedBlock {
  let block: Block
  let placement: BlockPlacement

  /// Creates the prediction of a block.
  package init(_ block: Block, _ placement: BlockPlacement) {
    self.block = block
    self.placement = placement
  }
}

/// Returns the place for a block that arrives other than predicted, or continues to arrive.
package typealias BlockPlacing = (_ block: Block) -> BlockPlacement
