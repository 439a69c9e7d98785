extension [UInt8] {
  /// Appends the number's bytes, the high one first.
  @inlinable
  public mutating func appendBigEndian(_ value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
  }
}

extension UnsafeRawPointer {
  /// The four bytes at an offset as a number, the high byte first.
  ///
  /// They must be readable.
  @inlinable
  public func loadBigEndianUInt32(at offset: Int) -> UInt32 {
    UInt32(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }
}
