package import Primitives

/// The display of file names, which are bytes, on a terminal.
///
/// Characters that could control the terminal or disguise the name are escaped, and so are bytes
/// that are not UTF-8. Different names therefore never look the same merely because neither can be
/// displayed.
package enum NameText {
  /// Returns a name or path as text.
  package static func shown(_ bytes: some Collection<UInt8>) -> String {
    var output: [UInt8] = []
    append(bytes, to: &output)
    return String(decoding: output, as: UTF8.self)
  }

  /// Returns the names of a path as text.
  package static func shown(_ path: some Sequence<FileName>) -> String {
    path.map { shown($0.bytes) }.joined(separator: "/")
  }

  /// Appends an escaped name or path to UTF-8 text.
  static func append(_ bytes: some Collection<UInt8>, to output: inout [UInt8]) {
    if bytes.allSatisfy({ (0x20..<0x7F).contains($0) }) {
      return output.append(contentsOf: bytes)
    }
    var rest = Array(bytes)[...]
    while !rest.isEmpty {
      guard let scalar = first(of: rest) else {
        output += #"\x"#.utf8
        output += Hex.encode([rest.removeFirst()]).utf8
        continue
      }
      rest = rest.dropFirst(UTF8.width(scalar))
      output += (TerminalText.isUnsafe(scalar) ? escape(scalar) : String(scalar)).utf8
    }
  }

  /// Returns the first character of some bytes; nil if they do not begin with one.
  private static func first(of bytes: ArraySlice<UInt8>) -> Unicode.Scalar? {
    var decoder = UTF8()
    var iterator = bytes.prefix(4).makeIterator()
    guard case .scalarValue(let scalar) = decoder.decode(&iterator) else { return nil }
    return scalar
  }

  private static func escape(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\n": #"\n"#
    case "\r": #"\r"#
    case "\t": #"\t"#
    case _ where scalar.value < 0x80: #"\x"# + Hex.encode([UInt8(scalar.value)])
    default: #"\u{"# + String(scalar.value, radix: 16) + "}"
    }
  }
}
