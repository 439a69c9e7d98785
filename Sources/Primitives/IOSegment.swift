/// One contiguous buffer of a vectored read or write.
///
/// It has the layout of C's `iovec`, so an array of segments can be passed to the kernel as it is.
/// Its creator keeps the memory alive until the call that uses it has returned.
@safe
public struct IOSegment {
  /// The first byte.
  public var base: UnsafeMutableRawPointer?
  /// The length in bytes.
  public var count: Int

  /// Creates a segment of `count` bytes at `base`.
  @inlinable
  public init(base: UnsafeMutableRawPointer, count: Int) {
    unsafe self.base = base
    self.count = count
  }
}
