/// The last bytes of a message with SHA-1's padding: one or two blocks of 64 bytes, stored inline.
///
/// The padding is a one bit, zeros, and the message's length in bits (FIPS 180-4 §5.1.1).
struct SHA1Tail {
  private typealias Words = (
    UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64,
    UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64
  )
  private var storage: Words = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)

  /// The number of blocks.
  let blockCount: Int

  /// Pads `rest`, the fewer than 64 bytes that follow the last whole block of a message.
  init(rest: UnsafeRawBufferPointer, messageLength: UInt64) {
    let blocks = rest.count < 56 ? 1 : 2
    blockCount = blocks
    unsafe withUnsafeMutableBytes(of: &storage) { bytes in
      unsafe bytes.copyMemory(from: rest)
      unsafe bytes[rest.count] = 0x80
      unsafe bytes.storeBytes(
        of: (messageLength << 3).bigEndian, toByteOffset: blocks * 64 - 8, as: UInt64.self)
    }
  }
}
