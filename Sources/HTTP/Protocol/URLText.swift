internal import Primitives

/// Operations that prepare the text of a path and query for sending (RFC 3986 §2, §3.3, §3.4).
enum URLText {
  /// Escapes the bytes that are not allowed in a path or query, and leaves the others alone.
  static func escapingForbiddenBytes(in bytes: ArraySlice<UInt8>) -> String {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    for index in bytes.indices {
      if isAllowed(bytes[index]) || isEscape(at: index, in: bytes) {
        result.append(bytes[index])
      } else {
        result += PercentEncoding.encode([bytes[index]]).utf8
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// Returns a path without `.` and `..` segments (RFC 3986 §5.2.4).
  static func removingDotSegments(_ path: some StringProtocol) -> String {
    var kept: [Substring] = []
    let segments = String(path).dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    for segment in segments {
      switch segment {
      case ".": break
      case "..": _ = kept.popLast()
      default: kept.append(segment)
      }
    }
    // A path that ends with a dot segment names a folder.
    if segments.last == "." || segments.last == ".." { kept.append("") }
    return "/" + kept.joined(separator: "/")
  }

  private static func isEscape(at index: Int, in bytes: ArraySlice<UInt8>) -> Bool {
    bytes[index] == 0x25 && index + 2 < bytes.endIndex && Hex.value(of: bytes[index + 1]) != nil
      && Hex.value(of: bytes[index + 2]) != nil
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: "-._~!$&'()*+,;=:@/?".utf8.contains(byte)
    }
  }
}
