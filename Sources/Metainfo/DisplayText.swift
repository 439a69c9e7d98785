/// Text from strangers that is shown to people.
public enum DisplayText {
  /// Decodes UTF-8 and replaces what is invalid, steers a terminal or turns the reading direction
  /// by U+FFFD; line feeds stay.
  public static func decode(_ bytes: some Collection<UInt8>) -> String {
    var text = String.UnicodeScalarView()
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      text.append(scalar == "\n" || isPrintable(scalar) ? scalar : "\u{FFFD}")
    }
    return String(text)
  }

  /// Whether a character shows itself and does nothing else.
  static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0...0x1F, 0x7F...0x9F, 0x2028, 0x2029: false  // control characters, line separators
    case 0x61C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: false  // reading direction
    default: true
    }
  }
}
