/// Names one connected peer during one run; given in rising order and never used again.
package struct PeerNumber: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The number, from 0.
  package let value: Int

  /// Wraps a number.
  @inlinable
  package init(_ value: Int) {
    self.value = value
  }

  /// Returns whether `left` joined earlier.
  @inlinable
  package static func < (left: PeerNumber, right: PeerNumber) -> Bool { left.value < right.value }

  /// The word "peer" and the number.
  package var description: String { "peer \(value)" }
}
