import Primitives

/// A value to write as JSON (RFC 8259); the members of an object keep their order.
package indirect enum JSONValue: Equatable, Sendable {
  /// The value null.
  case null
  /// A Boolean value.
  case bool(Bool)
  /// An integer.
  case integer(Int64)
  /// A number with at most three decimals; null if it is not finite.
  case decimal(Double)
  /// A string.
  case string(String)
  /// An array.
  case array([JSONValue])
  /// An object.
  case object([Member])

  /// One member of an object.
  package struct Member: Equatable, Sendable {
    /// The name.
    package let name: String
    /// The value.
    package let value: JSONValue

    /// Creates a member.
    package init(_ name: String, _ value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  /// The JSON without line breaks; characters that are unsafe on a terminal are escaped.
  package var text: String {
    var output = ""
    write(to: &output)
    return output
  }

  private func write(to output: inout String) {
    switch self {
    case .null: output += "null"
    case .bool(let value): output += value ? "true" : "false"
    case .integer(let value): output += String(value)
    case .decimal(let value): output += Self.text(of: value)
    case .string(let value): Self.write(value, to: &output)
    case .array(let values):
      output += "["
      for (index, value) in values.enumerated() {
        if index > 0 { output += "," }
        value.write(to: &output)
      }
      output += "]"
    case .object(let members):
      output += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { output += "," }
        Self.write(member.name, to: &output)
        output += ":"
        member.value.write(to: &output)
      }
      output += "}"
    }
  }

  private static func text(of value: Double) -> String {
    guard value.isFinite else { return "null" }
    // Beyond this, a Double has no decimals to speak of, and an integer could not hold the
    // thousandths.
    guard abs(value) < 1e15 else { return "\(value)" }
    let thousandths = Int64((value * 1000).rounded())
    let whole = abs(thousandths / 1000)
    var fraction = String(abs(thousandths % 1000) + 1000).dropFirst()
    while fraction.hasSuffix("0") { fraction.removeLast() }
    let sign = thousandths < 0 ? "-" : ""
    return fraction.isEmpty ? "\(sign)\(whole)" : "\(sign)\(whole).\(fraction)"
  }

  private static func write(_ text: String, to output: inout String) {
    output += "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": output += "\\\""
      case "\\": output += "\\\\"
      case "\n": output += "\\n"
      case "\r": output += "\\r"
      case "\t": output += "\\t"
      case _ where TerminalText.isUnsafe(scalar): output += escape(scalar)
      default: output.unicodeScalars.append(scalar)
      }
    }
    output += "\""
  }

  /// Returns one `\uXXXX`, or two for a scalar beyond the first plane.
  private static func escape(_ scalar: Unicode.Scalar) -> String {
    String(scalar).utf16.map { unit in
      let digits = String(unit, radix: 16)
      return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }.joined()
  }
}

extension JSONValue {
  /// Returns an integer.
  static func count(_ value: Int) -> JSONValue { .integer(Int64(value)) }

  /// Returns a string or null.
  static func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }

  /// Returns an array of strings.
  static func texts(_ values: some Sequence<String>) -> JSONValue {
    .array(values.map { .string($0) })
  }

  /// Returns a duration in seconds, or null.
  static func seconds(_ value: Duration?) -> JSONValue {
    value.map { .decimal($0.inSeconds) } ?? .null
  }
}
