/// The lines of `--input-file`: one source each, and the folder for its data after a tab.
///
/// Empty lines and lines that begin with `#` say nothing.
package enum InputList {
  /// The most bytes read.
  package static let maximumLength = 16 << 20

  /// One line that names a source.
  package struct Entry: Hashable, Sendable {
    /// Where the torrent comes from.
    package let source: SourceArgument
    /// The folder for its data; nil is that of `--output-dir`.
    package let folder: String?
  }

  /// Reads the lines.
  ///
  /// - Throws: `.badInputLine` for a line that is not UTF-8 or names standard input.
  package static func parse(_ bytes: [UInt8]) throws(UsageError) -> [Entry] {
    var entries: [Entry] = []
    for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated()
    {
      guard let text = String(validating: line, as: UTF8.self), !text.utf8.contains(0) else {
        throw .badInputLine(index + 1, "it is not UTF-8 text")
      }
      let parts = text.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
      let source = trimmed(parts.first ?? "")
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

  /// Without blanks at the ends, and without what other systems end a line with.
  private static func trimmed(_ text: Substring) -> String {
    var text = text
    while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
    while let last = text.last, last == " " || last == "\t" || last == "\r" { text.removeLast() }
    return String(text)
  }
}
