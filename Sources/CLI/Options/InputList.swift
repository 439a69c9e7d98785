/// The lines of `--input-file`: one source each, optionally followed by a tab and the folder for
/// its data.
///
/// Empty lines and lines that begin with `#` are skipped. Byte order marks are ignored; editors put
/// one at the start of a file, so concatenated lists have them inside.
package enum InputList {
  /// The maximum length of a list, in bytes.
  package static let maximumLength = 16 << 20

  /// A line that names a source.
  package struct Entry: Hashable, Sendable {
    /// The source of the torrent.
    package let source: SourceArgument
    /// The folder for the data; nil means that of `--output-dir`.
    package let folder: String?
  }

  /// Parses the lines of a list.
  ///
  /// - Throws: `.badInputLine` for a line that is not UTF-8 or names standard input.
  package static func parse(_ bytes: [UInt8]) throws(UsageError) -> [Entry] {
    if isUTF16(bytes) {
      throw .badInputLine(1, "the file is UTF-16 text; save it as UTF-8")
    }
    var entries: [Entry] = []
    for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated()
    {
      guard let text = String(validating: line, as: UTF8.self), !text.utf8.contains(0) else {
        throw .badInputLine(index + 1, "it is not UTF-8 text")
      }
      let parts = text.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
      let source = trimmed((parts.first ?? "").drop { $0 == "\u{FEFF}" })
      if source.isEmpty || source.hasPrefix("#") { continue }
      let folder = parts.count > 1 ? trimmed(parts[1]) : ""
      guard source != "-" else {
        throw .badInputLine(index + 1, "standard input (-) cannot be used in a list")
      }
      entries.append(
        Entry(source: SourceArgument(source), folder: folder.isEmpty ? nil : folder))
    }
    return entries
  }

  /// Returns whether a file begins like UTF-16 or UTF-32 text: with a byte order mark, or with an
  /// ASCII character in two bytes.
  private static func isUTF16(_ bytes: [UInt8]) -> Bool {
    guard bytes.count > 1 else { return false }
    switch (bytes[0], bytes[1]) {
    case (0xFE, 0xFF), (0xFF, 0xFE): return true
    case (0, let ascii), (let ascii, 0): return (0x09..<0x7F).contains(ascii)
    default: return false
    }
  }

  /// Returns the text without spaces and tabs at its ends, and without a carriage return.
  private static func trimmed(_ text: Substring) -> String {
    var text = text
    while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
    while let last = text.last, last == " " || last == "\t" || last == "\r" { text.removeLast() }
    return String(text)
  }
}
