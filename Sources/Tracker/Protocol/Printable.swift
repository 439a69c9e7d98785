/// Text from the network, made safe for display.
enum Printable {
  /// Decodes at most `limit` characters of UTF-8, with control and format characters replaced.
  static func text(_ bytes: some Sequence<UInt8>, limit: Int = 200) -> String {
    // Genuine text has few scalars per character, so the input is first bounded in bytes.
    let text = String(decoding: Array(bytes.prefix(limit * 4)), as: UTF8.self)
    var scalars = String.UnicodeScalarView()
    for scalar in text.unicodeScalars.prefix(limit) {
      switch scalar.properties.generalCategory {
      case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
        .paragraphSeparator:
        scalars.append("\u{FFFD}")
      default: scalars.append(scalar)
      }
    }
    return String(scalars)
  }
}
