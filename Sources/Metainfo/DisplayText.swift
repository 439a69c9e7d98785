/// Untrusted text, made safe for display.
public enum DisplayText {
  /// Decodes UTF-8, with unsafe characters replaced by U+FFFD.
  ///
  /// These are invalid bytes, control characters and marks of the reading direction. Line feeds are
  /// kept.
  public static func decode(_ bytes: some Collection<UInt8>) -> String {
    var text = String.UnicodeScalarView()
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      text.append(scalar == "\n" || isPrintable(scalar) ? scalar : "\u{FFFD}")
    }
    return String(text)
  }

  /// Returns whether a character is displayed and has no other effect.
  static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0...0x1F, 0x7F...0x9F, 0x2028, 0x2029: false  // control characters, line separators
    case 0x61C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: false  // reading direction
    default: true
    }
  }
}
