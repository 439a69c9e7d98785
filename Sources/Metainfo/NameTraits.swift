/// What is remarkable about names: whether a file system could refuse, change or confuse them.
///
/// A plain name has no traits, so whoever writes files need not look at it again.
package struct NameTraits: OptionSet, Hashable, Sendable {
  /// One bit a trait.
  package let rawValue: UInt8

  /// Creates a set of bits.
  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// No system can have such a file, or it would lead elsewhere: the name is empty, `.` or `..`, or
  /// holds a slash or NUL.
  package static let unsafe = NameTraits(rawValue: 1)
  /// It holds bytes beyond ASCII.
  package static let nonASCII = NameTraits(rawValue: 2)
  /// It holds what some file systems refuse: control characters, one of `\:*?"<>|`, or a dot or
  /// blank at its end.
  package static let delicate = NameTraits(rawValue: 4)
  /// It has more bytes than every file system takes.
  package static let long = NameTraits(rawValue: 8)

  /// The most bytes that every file system takes; some that encrypt names take 143.
  package static let shortLength = 140

  /// The traits of one name.
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
