/// Turns the names in a torrent into names that are safe to write below an output folder.
///
/// A torrent comes from strangers: its names may climb out of the folder, be no text, carry control
/// characters into a terminal, or turn the reading direction to hide an extension. Names that are
/// merely unusual stay as they are, since other clients must find the same files.
public enum PathSanitizer {
  /// The longest name that Linux file systems take, in bytes of UTF-8.
  public static let maximumNameLength = 255

  /// Makes one name safe; the result is never empty, `.` or `..`.
  public static func sanitizeName(_ name: some Sequence<UInt8>) -> String {
    sanitizeComponent(name) ?? "_"
  }

  /// Makes a path safe, leaving out components that are empty, `.` or `..`; never empty.
  public static func sanitizePath(_ components: some Sequence<some Sequence<UInt8>>) -> [String] {
    let safe = components.compactMap { sanitizeComponent($0) }
    return safe.isEmpty ? ["_"] : safe
  }

  /// One safe name, or nil for one that says nothing or leads upwards.
  static func sanitizeComponent(_ bytes: some Sequence<UInt8>) -> String? {
    var name = String.UnicodeScalarView()
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    decoding: while true {
      switch decoder.decode(&iterator) {
      case .scalarValue(let scalar): name.append(isHarmless(scalar) ? scalar : "_")
      case .error: name.append("_")
      case .emptyInput: break decoding
      }
    }
    let text = String(name)
    if text.isEmpty || text == "." || text == ".." { return nil }
    return shorten(text, to: maximumNameLength)
  }

  /// Whether a character may stand in a file's name.
  static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
    scalar != "/" && scalar != "\\" && DisplayText.isPrintable(scalar)
  }

  /// Cuts a name at a character boundary so that it fits, keeping its extension.
  static func shorten(_ name: String, to limit: Int, inserting infix: String = "") -> String {
    let (stem, fileExtension) = splitExtension(name)
    let room = limit - infix.utf8.count - fileExtension.utf8.count
    guard stem.utf8.count > room else { return stem + infix + fileExtension }
    var cut = String.UnicodeScalarView()
    var length = 0
    for scalar in stem.unicodeScalars {
      length += UTF8.width(scalar)
      if length > room { break }
      cut.append(scalar)
    }
    return String(cut) + infix + fileExtension
  }

  /// Splits a name before its extension, whose dot belongs to it.
  ///
  /// A dot in front makes a hidden file, not an extension, and what is longer than any extension is
  /// part of the name.
  static func splitExtension(_ name: String) -> (stem: Substring, fileExtension: Substring) {
    guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")), dot != name.startIndex,
      name.utf8.distance(from: dot, to: name.endIndex) <= 32
    else { return (name[...], "") }
    return (name[..<dot], name[dot...])
  }
}
