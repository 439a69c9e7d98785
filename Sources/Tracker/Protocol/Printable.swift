/// Text from outside made fit to be shown.
enum Printable {
  /// At most `limit` characters of the bytes as UTF-8, control and format characters replaced.
  static func text(_ bytes: some Sequence<UInt8>, limit: Int = 200) -> String {
    // A character has at most a few scalars in honest text, so the work is bounded by bytes first.
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
