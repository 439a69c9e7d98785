extension IPAddress: CustomStringConvertible, LosslessStringConvertible {
  /// Parses a dotted IPv4 address or an IPv6 address (RFC 4291 §2.2) without brackets or zone.
  ///
  /// Fails for anything else, such as a host name.
  public init?(_ text: String) {
    if let value = Self.parseIPv4(text) {
      self = .v4(value)
    } else if let groups = Self.parseIPv6(text) {
      func number(_ groups: ArraySlice<UInt16>) -> UInt64 {
        groups.reduce(0) { $0 << 16 | UInt64($1) }
      }
      self = .v6(high: number(groups[0..<4]), low: number(groups[4..<8]))
    } else {
      return nil
    }
  }

  /// The standard notation: dotted for IPv4, RFC 5952 for IPv6.
  public var description: String {
    switch self {
    case .v4(let value):
      return "\(value >> 24).\(value >> 16 & 255).\(value >> 8 & 255).\(value & 255)"
    case .v6(0, let low) where low >> 32 == 0xFFFF:
      return "::ffff:\(unmapped)"
    case .v6(let high, let low):
      let groups = (0..<8).map { index in
        UInt16(truncatingIfNeeded: (index < 4 ? high : low) >> UInt64((3 - index % 4) * 16))
      }
      return Self.render(groups)
    }
  }

  private static func parseIPv4(_ text: some StringProtocol) -> UInt32? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var value: UInt32 = 0
    for part in parts {
      // Some parsers read a leading zero as octal and others as decimal, so it is rejected.
      guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
        part == "0" || !part.hasPrefix("0"), let byte = UInt8(part)
      else { return nil }
      value = value << 8 | UInt32(byte)
    }
    return value
  }

  private static func parseIPv6(_ text: String) -> [UInt16]? {
    let halves = splitAtDoubleColon(text)
    let hasGap = halves.count == 2
    guard let front = groups(in: halves[0], allowingIPv4: !hasGap) else { return nil }
    guard hasGap else { return front.count == 8 ? front : nil }
    guard let back = groups(in: halves[1], allowingIPv4: true), front.count + back.count < 8 else {
      return nil
    }
    return front + Array(repeating: 0, count: 8 - front.count - back.count) + back
  }

  private static func splitAtDoubleColon(_ text: String) -> [Substring] {
    let bytes = text.utf8
    var index = bytes.startIndex
    while index != bytes.endIndex {
      let next = bytes.index(after: index)
      if next != bytes.endIndex, bytes[index] == 0x3A, bytes[next] == 0x3A {
        return [text[..<index], text[bytes.index(after: next)...]]
      }
      index = next
    }
    return [text[...]]
  }

  /// Parses groups between colons; the last one may be a dotted IPv4 address at the end of the
  /// text.
  private static func groups(in text: Substring, allowingIPv4: Bool) -> [UInt16]? {
    guard !text.isEmpty else { return [] }
    var groups: [UInt16] = []
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    for (index, part) in parts.enumerated() {
      if allowingIPv4, index == parts.count - 1, let tail = parseIPv4(part) {
        groups += [UInt16(tail >> 16), UInt16(tail & 0xFFFF)]
      } else {
        guard (1...4).contains(part.utf8.count),
          part.utf8.allSatisfy({ Hex.value(of: $0) != nil }), let group = UInt16(part, radix: 16)
        else { return nil }
        groups.append(group)
      }
    }
    return groups
  }

  /// Formats groups, writing the first longest run of two or more zero groups as `::`.
  private static func render(_ groups: [UInt16]) -> String {
    var longest = 0..<0
    var start = 0
    for (index, group) in groups.enumerated() {
      if group != 0 { start = index + 1 }
      if index + 1 - start > max(longest.count, 1) { longest = start..<index + 1 }
    }
    let hex = groups.map { String($0, radix: 16) }
    guard !longest.isEmpty else { return hex.joined(separator: ":") }
    return hex[..<longest.lowerBound].joined(separator: ":") + "::"
      + hex[longest.upperBound...].joined(separator: ":")
  }
}
