internal import Primitives

/// The text of a URL made fit for a strict parser.
///
/// Foundation escapes a whole URL again, valid escapes included, when it meets one byte that may
/// not stand in it, and a tracker would then see a wrong info-hash. So what may not stand there is
/// escaped here, and nothing else is touched (RFC 3986 §2, §3.3, §3.4).
enum URLText {
  /// Escapes forbidden bytes after the host and drops the fragment.
  ///
  /// Returns nil when the part up to the host has bytes that no host may have, such as non-ASCII
  /// ones: international names must be given in their ASCII form.
  static func escapingForbiddenBytes(in text: String) -> String? {
    let bytes = Array(text.utf8.prefix { $0 != 0x23 })
    guard let authority = indexAfterSchemeMark(bytes) else { return nil }
    let end = bytes[authority...].firstIndex { $0 == 0x2F || $0 == 0x3F } ?? bytes.count
    guard bytes[..<end].allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
    var result = withoutLoopbackLiteral(Array(bytes[..<end]))
    for index in end..<bytes.count {
      if isAllowed(bytes[index]) || isEscape(at: index, in: bytes) {
        result.append(bytes[index])
      } else {
        result += PercentEncoding.encode([bytes[index]]).utf8
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// Writes `localhost` for `[::1]`.
  ///
  /// FoundationNetworking on Linux refuses every URL with an IPv6 literal, because it compares the
  /// host without brackets to libcurl's with brackets. The name gets to the same place.
  private static func withoutLoopbackLiteral(_ bytes: [UInt8]) -> [UInt8] {
    guard let bracket = bytes.firstIndex(of: 0x5B), bytes[bracket...].starts(with: "[::1]".utf8)
    else { return bytes }
    return bytes[..<bracket] + Array("localhost".utf8) + bytes[(bracket + 5)...]
  }

  private static func indexAfterSchemeMark(_ bytes: [UInt8]) -> Int? {
    guard let colon = bytes.firstIndex(of: 0x3A), bytes[colon...].starts(with: "://".utf8) else {
      return nil
    }
    return colon + 3
  }

  private static func isEscape(at index: Int, in bytes: [UInt8]) -> Bool {
    bytes[index] == 0x25 && index + 2 < bytes.count && Hex.value(of: bytes[index + 1]) != nil
      && Hex.value(of: bytes[index + 2]) != nil
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: "-._~!$&'()*+,;=:@/?".utf8.contains(byte)
    }
  }
}
