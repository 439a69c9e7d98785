extension [UInt8] {
  /// Appends the bytes of a number, most significant first.
  @inlinable
  public mutating func appendBigEndian(_ value: some FixedWidthInteger) {
    unsafe Swift.withUnsafeBytes(of: value.bigEndian) { unsafe append(contentsOf: $0) }
  }
}

extension UnsafeRawPointer {
  /// Loads a big-endian 32-bit number at an offset.
  ///
  /// The four bytes must be readable.
  @inlinable
  public func loadBigEndianUInt32(at offset: Int) -> UInt32 {
    unsafe UInt32(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }
}
