/// A reader of big-endian numbers and byte runs from untrusted input.
///
/// A read returns nil and consumes nothing if too few bytes are left. It is meant for packets and
/// other small input; the block stream has its own zero-copy decoder.
public struct ByteReader: Sendable {
  @usableFromInline
  var unread: ArraySlice<UInt8>

  /// The bytes that have not been read.
  @inlinable
  public var rest: ArraySlice<UInt8> { unread }

  /// Creates a reader at the start of a slice.
  @inlinable
  public init(_ bytes: ArraySlice<UInt8>) {
    unread = bytes
  }

  /// Creates a reader at the start of an array.
  @inlinable
  public init(_ bytes: [UInt8]) {
    unread = bytes[...]
  }

  /// Reads `count` bytes.
  @inlinable
  public mutating func read(_ count: Int) -> ArraySlice<UInt8>? {
    guard count >= 0, count <= unread.count else { return nil }
    defer { unread = unread.dropFirst(count) }
    return unread.prefix(count)
  }

  /// Reads a big-endian number.
  @inlinable
  public mutating func read<Number: FixedWidthInteger & UnsignedInteger>(
    _ type: Number.Type
  ) -> Number? {
    guard let bytes = read(Number.bitWidth / 8) else { return nil }
    var number: UInt64 = 0
    for byte in bytes { number = number << 8 | UInt64(byte) }
    return Number(truncatingIfNeeded: number)
  }
}
