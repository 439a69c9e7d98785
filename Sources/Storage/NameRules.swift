import Primitives

/// Which names a file system can hold, and which of them it takes for the same.
package struct NameRules: Equatable, Sendable {
  /// Whether names that differ only in case are the same.
  package var foldsCase = false
  /// Whether the Unicode forms of the same text are the same.
  package var normalizes = false
  /// Bytes that no name may hold, besides the slash and NUL.
  package var forbidden: Set<UInt8> = []
  /// Whether a name must be UTF-8.
  package var requiresUTF8 = false
  /// Whether dots and blanks at the end of a name are lost.
  package var dropsTrailing = false
  /// The most bytes of a name.
  package var longest = 255
  /// The most UTF-16 units of a name, where they count as well.
  package var longestUnits: Int?

  /// The rules of the usual Linux file systems, which take any bytes.
  package init() {}

  /// Whether names can be equal whose bytes are not.
  var merges: Bool { foldsCase || normalizes }
}

extension NameRules {
  /// The name that stands for one of a torrent, which may be the same; nil for one that says nothing
  /// or leads upwards.
  func usable(_ name: FileName) -> FileName? {
    if name.count == 0 || name == "." || name == ".." { return nil }
    var result = name
    if name.bytes.contains(where: { $0 == 0 || $0 == UInt8(ascii: "/") || forbidden.contains($0) })
    {
      result = FileName(
        ArraySlice(
          name.bytes.map {
            $0 == 0 || $0 == UInt8(ascii: "/") || forbidden.contains($0) ? UInt8(ascii: "_") : $0
          }))
    }
    if requiresUTF8, String(validating: result.bytes, as: UTF8.self) == nil {
      result = FileName(result.text.replacing("\u{FFFD}", with: "_"))
    }
    if dropsTrailing, let last = result.bytes.last, last == 0x2E || last == 0x20 {
      result = FileName(result.bytes.dropLast() + [UInt8(ascii: "_")])
    }
    return shorten(result)
  }

  /// Cuts a name so that it fits with an infix before its extension, which is kept.
  func shorten(_ name: FileName, inserting infix: String = "") -> FileName {
    let (stem, end) = Self.splitExtension(name)
    var stemLength = min(stem.count, max(1, longest - infix.utf8.count - end.count))
    if let longestUnits {
      var units = infix.utf16.count + FileName(end).text.utf16.count
      var length = 0
      for scalar in FileName(stem.prefix(stemLength)).text.unicodeScalars {
        units += UTF16.width(scalar)
        if units > longestUnits, length > 0 { break }
        length += UTF8.width(scalar)
      }
      stemLength = min(stemLength, length)
    }
    guard stemLength < stem.count || !infix.isEmpty else { return name }
    return FileName(Self.cut(stem, to: stemLength) + infix.utf8 + end)
  }

  /// As much of a name's front as leaves room for an ending, and for what may be put behind it.
  func fitting(_ name: FileName, before ending: String, spare: String) -> FileName {
    let room = max(1, longest - ending.utf8.count - spare.utf8.count)
    return FileName(Self.cut(name.bytes, to: room))
  }

  /// The first bytes of a name, not ending within a character of UTF-8.
  private static func cut(_ name: ArraySlice<UInt8>, to length: Int) -> ArraySlice<UInt8> {
    guard length < name.count else { return name }
    var end = name.startIndex + length
    // A character has three bytes at most that continue it.
    var back = 0
    while back < 3, end > name.startIndex + 1, name[end] & 0xC0 == 0x80 {
      end -= 1
      back += 1
    }
    return name[end] & 0xC0 == 0x80 ? name.prefix(length) : name[..<end]
  }

  /// Splits a name before its extension, whose dot belongs to it.
  ///
  /// A dot in front makes a hidden file, not an extension, and what is longer than any extension is
  /// part of the name.
  private static func splitExtension(
    _ name: FileName
  ) -> (stem: ArraySlice<UInt8>, end: ArraySlice<UInt8>) {
    let bytes = name.bytes
    guard let dot = bytes.lastIndex(of: UInt8(ascii: ".")), dot != bytes.startIndex,
      bytes.endIndex - dot <= 32
    else { return (bytes, []) }
    return (bytes[..<dot], bytes[dot...])
  }

  /// Text by which names are the same here: equal as strings when forms of Unicode do not count, and
  /// byte for byte when they do.
  func folded(_ name: FileName) -> String {
    // There and back, since some letters have a form of their own only in one direction.
    foldsCase ? name.text.uppercased().lowercased() : name.text
  }
}
