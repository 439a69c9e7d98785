import Primitives

/// Reads the values of options, or says what was expected.
enum OptionText {
  static func path(_ text: String) throws(ExpectedValue) -> String {
    guard !text.isEmpty, !text.utf8.contains(0) else { throw ExpectedValue("a path") }
    return text
  }

  static func number(_ text: String, in range: ClosedRange<Int>) throws(ExpectedValue) -> Int {
    guard let number = Int(text), range.contains(number) else {
      throw ExpectedValue("a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  static func endpoint(
    _ text: String, allowsAnyPort: Bool = false
  ) throws(ExpectedValue) -> Endpoint {
    guard let endpoint = Endpoint(text), allowsAnyPort || endpoint.port != 0 else {
      throw ExpectedValue(
        "a numeric address and a port, such as 192.0.2.1:6881 or [2001:db8::1]:6881")
    }
    return endpoint
  }

  static func glob(_ text: String) throws(ExpectedValue) -> Glob {
    guard text.utf8.count <= Glob.maximumLength else {
      throw ExpectedValue("a pattern of at most \(Glob.maximumLength) bytes")
    }
    guard let glob = Glob(text) else {
      throw ExpectedValue("a pattern such as '*.txt', 'folder/*' or '[a-c]?'")
    }
    return glob
  }

  static func choice<Choice: RawRepresentable & CaseIterable>(
    _ text: String
  ) throws(ExpectedValue) -> Choice where Choice.RawValue == String {
    guard let choice = Choice(rawValue: text) else {
      throw ExpectedValue("one of " + Choice.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return choice
  }

  /// Whether a text is a URL of one of these schemes with something behind it, in ASCII.
  static func isURL(_ text: String, schemes: [String]) -> Bool {
    let lowercased = text.lowercased()
    return text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
      && schemes.contains { lowercased.hasPrefix($0 + "://") && lowercased.count > $0.count + 3 }
  }
}
