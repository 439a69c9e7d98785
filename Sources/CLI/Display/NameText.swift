package import Primitives

/// Names of files, which are bytes, as a terminal can show them.
///
/// What could steer the terminal or disguise the name is escaped, and so is what is not UTF-8, so two
/// names never look the same only because neither can be shown.
package enum NameText {
  /// A name or path as text.
  package static func shown(_ bytes: some Collection<UInt8>) -> String {
    var output: [UInt8] = []
    append(bytes, to: &output)
    return String(decoding: output, as: UTF8.self)
  }

  /// The names of a path as text.
  package static func shown(_ path: some Sequence<FileName>) -> String {
    path.map { shown($0.bytes) }.joined(separator: "/")
  }

  /// Appends a name or path, escaped, to text in UTF-8.
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

  /// The character at the front of bytes; nil when they do not begin with one.
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
