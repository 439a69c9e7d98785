/// The CRC-32C checksum (RFC 3720 §B.4), which BEPs 40 and 42 use as a hash.
///
/// It only hashes a few bytes at a time here, so a single table is fast enough.
public enum CRC32C {
  /// Returns the checksum of the bytes.
  public static func checksum(of bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(UInt32.max) { sum, byte in
      table[Int((sum ^ UInt32(byte)) & 0xFF)] ^ sum >> 8
    }
  }

  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in
      value & 1 == 0 ? value >> 1 : value >> 1 ^ 0x82F6_3B78
    }
  }
}
