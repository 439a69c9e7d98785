/// A list of file numbers such as `1,3-5`, counted from 1 as in the output of `--list`.
package struct FileNumbers: Hashable, Sendable {
  /// The largest valid number.
  package static let largest = Int(Int32.max)
  /// The maximum number of ranges.
  package static let maximumCount = 10_000

  /// The ranges in the order given.
  package let ranges: [ClosedRange<Int>]

  private init(ranges: [ClosedRange<Int>]) {
    self.ranges = ranges
  }

  /// Returns these numbers together with others; nil if there are too many.
  package func joined(with others: FileNumbers) -> FileNumbers? {
    let all = ranges + others.ranges
    return all.count <= Self.maximumCount ? FileNumbers(ranges: all) : nil
  }

  /// Parses a list; nil if it is malformed, contains 0 or has a descending range.
  package init?(_ text: String) {
    var ranges: [ClosedRange<Int>] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false)
      guard ranges.count < Self.maximumCount, (1...2).contains(ends.count),
        let first = Self.number(ends[0]), let last = Self.number(ends[ends.count - 1]),
        first <= last
      else { return nil }
      ranges.append(first...last)
    }
    self.ranges = ranges
  }

  /// Returns whether the list contains a file's number.
  package func contains(_ number: Int) -> Bool { ranges.contains { $0.contains(number) } }

  private static func number(_ text: Substring) -> Int? {
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text) else {
      return nil
    }
    return (1...largest).contains(number) ? number : nil
  }
}
