import Primitives

/// Parsers for the values of options, which throw a description of the expected value.
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
}
