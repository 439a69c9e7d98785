import Primitives

/// The rules of a file system for names: the supported ones, and those that it treats as the same.
package struct NameRules: Equatable, Sendable {
  /// A Boolean value indicating whether case is ignored in comparisons.
  package var foldsCase = false
  /// A Boolean value indicating whether Unicode normalization is ignored in comparisons.
  package var normalizes = false
  /// The bytes that names must not contain, besides the slash and NUL.
  package var forbidden: Set<UInt8> = []
  /// A Boolean value indicating whether a name must be UTF-8.
  package var requiresUTF8 = false
  /// A Boolean value indicating whether dots and spaces at the end of a name are lost.
  package var dropsTrailing = false
  /// The maximum length of a name, in bytes.
  package var longest = 255
  /// The maximum length of a name in UTF-16 units, if there is one.
  package var longestUnits: Int?

  /// Creates the rules of common Linux file systems, which allow any bytes.
  package init() {}

  /// A Boolean value indicating whether different names can be the same to the file system.
  var merges: Bool { foldsCase || normalizes }
}

extension NameRules {
  /// Returns the name on disk for a name in the torrent; nil if that is empty, `.` or `..`.
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

  /// Shortens a name so that it fits with an infix before its extension, which is kept.
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

  /// Returns the beginning of a name that leaves room for a suffix and for `spare` after it.
  func fitting(_ name: FileName, before ending: String, spare: String) -> FileName {
    let room = max(1, longest - ending.utf8.count - spare.utf8.count)
    return FileName(Self.cut(name.bytes, to: room))
  }

  /// Returns the first bytes of a name, without splitting a UTF-8 character.
  private static func cut(_ name: ArraySlice<UInt8>, to length: Int) -> ArraySlice<UInt8> {
    guard length < name.count else { return name }
    var end = name.startIndex + length
    // A character has at most three continuation bytes.
    var back = 0
    while back < 3, end > name.startIndex + 1, name[end] & 0xC0 == 0x80 {
      end -= 1
      back += 1
    }
    return name[end] & 0xC0 == 0x80 ? name.prefix(length) : name[..<end]
  }

  /// Splits a name before the dot of its extension.
  ///
  /// A dot at the start marks a hidden file, and a very long ending is not an extension.
  private static func splitExtension(
    _ name: FileName
  ) -> (stem: ArraySlice<UInt8>, end: ArraySlice<UInt8>) {
    let bytes = name.bytes
    guard let dot = bytes.lastIndex(of: UInt8(ascii: ".")), dot != bytes.startIndex,
      bytes.endIndex - dot <= 32
    else { return (bytes, []) }
    return (bytes[..<dot], bytes[dot...])
  }

  /// Returns text that is equal for names that the file system treats as the same.
  ///
  /// If normalization is ignored, texts are compared as strings; otherwise byte for byte.
  func folded(_ name: FileName) -> String {
    // Two conversions are needed, because some letters have a counterpart in one direction only.
    foldsCase ? name.text.uppercased().lowercased() : name.text
  }
}
