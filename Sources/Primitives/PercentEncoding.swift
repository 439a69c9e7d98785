/// Percent-encoding of bytes (RFC 3986 §2.1).
public enum PercentEncoding {
  /// The set of bytes that are not escaped.
  public enum Allowed: Sendable {
    /// Letters, digits and `-._~`: the bytes that any URL component may contain.
    case unreserved
    /// Printable ASCII except `%` and space: for displaying bytes.
    case printable

    func contains(_ byte: UInt8) -> Bool {
      switch self {
      case .unreserved:
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: true
        default: false
        }
      case .printable: byte > 0x20 && byte < 0x7F && byte != 0x25
      }
    }
  }

  /// Encodes each byte as itself if allowed, and else as `%` and two upper-case digits.
  public static func encode(
    _ bytes: some Sequence<UInt8>, allowing allowed: Allowed = .unreserved
  ) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var text: [UInt8] = []
    for byte in bytes {
      if allowed.contains(byte) {
        text.append(byte)
      } else {
        text += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Decodes valid escapes; any other byte stands for itself, including those of a broken escape.
  public static func decodeTolerantly(_ text: some StringProtocol) -> [UInt8] {
    let source = Array(text.utf8)
    var bytes: [UInt8] = []
    var index = 0
    while index < source.count {
      if source[index] == 0x25, index + 2 < source.count,
        let high = Hex.value(of: source[index + 1]), let low = Hex.value(of: source[index + 2])
      {
        bytes.append(high << 4 | low)
        index += 3
      } else {
        bytes.append(source[index])
        index += 1
      }
    }
    return bytes
  }

  /// Decodes escapes; any other byte stands for itself.
  ///
  /// Returns nil if an escape is truncated or contains a character that is not a hexadecimal digit.
  public static func decode(_ text: some StringProtocol) -> [UInt8]? {
    var bytes: [UInt8] = []
    var characters = text.utf8.makeIterator()
    while let character = characters.next() {
      guard character == 0x25 else {
        bytes.append(character)
        continue
      }
      guard let high = characters.next().flatMap(Hex.value(of:)),
        let low = characters.next().flatMap(Hex.value(of:))
      else { return nil }
      bytes.append(high << 4 | low)
    }
    return bytes
  }
}
