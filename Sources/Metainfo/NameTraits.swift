/// The traits by which a file system could refuse, change or confuse names.
///
/// A plain name has no traits, so the code that creates files need not examine it again.
package struct NameTraits: OptionSet, Hashable, Sendable {
  /// The bits, one for each trait.
  package let rawValue: UInt8

  /// Creates a set from bits.
  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// The name is impossible or would lead to another place: it is empty, `.` or `..`, or contains a
  /// slash or NUL.
  package static let unsafe = NameTraits(rawValue: 1)
  /// The name contains bytes beyond ASCII.
  package static let nonASCII = NameTraits(rawValue: 2)
  /// The name contains something that some file systems refuse: control characters, one of
  /// `\:*?"<>|`, or a dot or space at its end.
  package static let delicate = NameTraits(rawValue: 4)
  /// The name is longer than some file systems allow.
  package static let long = NameTraits(rawValue: 8)

  /// The maximum length in bytes that every file system allows; some that encrypt names allow 143.
  package static let shortLength = 140

  /// Determines the traits of one name.
  package init(_ name: some Collection<UInt8>) {
    var bits: UInt8 = name.count > Self.shortLength ? Self.long.rawValue : 0
    var last: UInt8 = 0
    for byte in name {
      bits |= Self.traits(of: byte)
      last = byte
    }
    if last == UInt8(ascii: " ") || last == UInt8(ascii: ".") {
      bits |= Self.delicate.rawValue
      if name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8) {
        bits |= Self.unsafe.rawValue
      }
    }
    if name.isEmpty { bits |= Self.unsafe.rawValue }
    self.init(rawValue: bits)
  }

  @inline(__always)
  private static func traits(of byte: UInt8) -> UInt8 {
    switch byte {
    case 0, UInt8(ascii: "/"): unsafe.rawValue
    case 1..<0x20, 0x7F, UInt8(ascii: "\\"), UInt8(ascii: ":"), UInt8(ascii: "*"),
      UInt8(ascii: "?"), UInt8(ascii: "\""), UInt8(ascii: "<"), UInt8(ascii: ">"),
      UInt8(ascii: "|"):
      delicate.rawValue
    case 0x80...: nonASCII.rawValue
    default: 0
    }
  }
}
