/// One run of memory that a vectored read or write works on.
///
/// It has the layout of C's `iovec`, so an array of them goes to the kernel as it is. Whoever makes
/// one keeps the memory alive until the call that takes it has returned.
public struct IOSegment {
  /// The first byte.
  public var base: UnsafeMutableRawPointer?
  /// The length in bytes.
  public var count: Int

  /// Creates a segment of `count` bytes at `base`.
  @inlinable
  public init(base: UnsafeMutableRawPointer, count: Int) {
    self.base = base
    self.count = count
  }
}
