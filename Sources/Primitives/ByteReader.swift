/// Reads big-endian numbers and runs of bytes from untrusted input, front to back.
///
/// Every read returns nil, and consumes nothing, when too few bytes are left. For packets and other
/// small input; the stream of blocks has a decoder of its own that copies nothing.
public struct ByteReader: Sendable {
  /// The bytes not read yet.
  public private(set) var rest: ArraySlice<UInt8>

  /// Starts at the first byte.
  public init(_ bytes: ArraySlice<UInt8>) {
    rest = bytes
  }

  /// Starts at the first byte.
  public init(_ bytes: [UInt8]) {
    rest = bytes[...]
  }

  /// Reads that many bytes.
  public mutating func read(_ count: Int) -> ArraySlice<UInt8>? {
    guard count >= 0, count <= rest.count else { return nil }
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count)
  }

  /// Reads one number, the high byte first.
  public mutating func read<Number: FixedWidthInteger & UnsignedInteger>(
    _ type: Number.Type
  ) -> Number? {
    guard let bytes = read(Number.bitWidth / 8) else { return nil }
    return bytes.reduce(0) { Number(truncatingIfNeeded: UInt64($0) << 8 | UInt64($1)) }
  }
}
