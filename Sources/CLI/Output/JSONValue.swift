import Primitives

/// A value to be written as JSON (RFC 8259), its object's members in the order given.
package indirect enum JSONValue: Equatable, Sendable {
  /// Nothing.
  case null
  /// A truth.
  case bool(Bool)
  /// A whole number.
  case integer(Int64)
  /// A number that need not be whole; written with three decimals at most, and as null when it is no
  /// number.
  case decimal(Double)
  /// Text.
  case string(String)
  /// Values in order.
  case array([JSONValue])
  /// Named values in order.
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

  /// The text, without any line break, in ASCII where the terminal could be steered otherwise.
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
    // Beyond this a double has no decimals to speak of, and an integer cannot hold thousandths.
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

  /// One `\uXXXX`, or two for a scalar beyond the first plane.
  private static func escape(_ scalar: Unicode.Scalar) -> String {
    String(scalar).utf16.map { unit in
      let digits = String(unit, radix: 16)
      return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }.joined()
  }
}

extension JSONValue {
  /// A whole number.
  static func count(_ value: Int) -> JSONValue { .integer(Int64(value)) }

  /// Text, or null.
  static func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }

  /// Texts in order.
  static func texts(_ values: some Sequence<String>) -> JSONValue {
    .array(values.map { .string($0) })
  }

  /// A time in seconds, or null.
  static func seconds(_ value: Duration?) -> JSONValue {
    value.map { .decimal($0.inSeconds) } ?? .null
  }
}
