/// Reads big-endian numbers and runs of bytes from untrusted input, front to back.
///
/// Every read returns nil, and consumes nothing, when too few bytes are left. For packets and other
/// small input; the stream of blocks has a decoder of its own that copies nothing.
public struct ByteReader: Sendable {
  @usableFromInline
  var unread: ArraySlice<UInt8>

  /// The bytes not read yet.
  @inlinable
  public var rest: ArraySlice<UInt8> { unread }

  /// Starts at the first byte.
  @inlinable
  public init(_ bytes: ArraySlice<UInt8>) {
    unread = bytes
  }

  /// Starts at the first byte.
  @inlinable
  public init(_ bytes: [UInt8]) {
    unread = bytes[...]
  }

  /// Reads that many bytes.
  @inlinable
  public mutating func read(_ count: Int) -> ArraySlice<UInt8>? {
    guard count >= 0, count <= unread.count else { return nil }
    defer { unread = unread.dropFirst(count) }
    return unread.prefix(count)
  }

  /// Reads one number, the high byte first.
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
