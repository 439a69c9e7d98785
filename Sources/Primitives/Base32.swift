/// Base32 with the alphabet of RFC 4648, used for info-hashes in older magnet links (BEP 9).
public enum Base32 {
  /// Decodes digits of either case, without padding.
  ///
  /// Returns nil for a character that is not a digit, a number of digits that does not encode whole
  /// bytes, or set bits beyond the last byte.
  public static func decode(_ text: some StringProtocol) -> [UInt8]? {
    var bytes: [UInt8] = []
    var bits: UInt16 = 0
    var bitCount: UInt16 = 0
    for character in text.utf8 {
      guard let digit = value(of: character) else { return nil }
      bits = bits << 5 | UInt16(digit)
      bitCount += 5
      guard bitCount >= 8 else { continue }
      bitCount -= 8
      bytes.append(UInt8(truncatingIfNeeded: bits >> bitCount))
      bits &= (1 << bitCount) - 1
    }
    return bitCount < 5 && bits == 0 ? bytes : nil
  }

  /// Encodes bytes as upper-case digits, without padding.
  public static func encode(_ bytes: some Sequence<UInt8>) -> String {
    var text: [UInt8] = []
    var bits: UInt16 = 0
    var bitCount: UInt16 = 0
    for byte in bytes {
      bits = bits << 8 | UInt16(byte)
      bitCount += 8
      while bitCount >= 5 {
        bitCount -= 5
        text.append(digits[Int(bits >> bitCount)])
        bits &= (1 << bitCount) - 1
      }
    }
    if bitCount > 0 { text.append(digits[Int(bits << (5 - bitCount))]) }
    return String(decoding: text, as: UTF8.self)
  }

  private static func value(of character: UInt8) -> UInt8? {
    switch character {
    case 0x41...0x5A: character - 0x41
    case 0x61...0x7A: character - 0x61
    case 0x32...0x37: character - 0x32 + 26
    default: nil
    }
  }

  private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)
}
