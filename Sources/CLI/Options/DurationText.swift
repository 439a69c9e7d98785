/// Durations such as `30s`, `5m`, `1h30m`, `2d`, `500ms`, or plain seconds.
package enum DurationText {
  /// The longest valid duration: a hundred years.
  package static let longest = Duration.seconds(100 * 365 * 86400)

  /// Parses a duration; nil if it is malformed, negative or longer than `longest`.
  ///
  /// Units must descend, and each may occur only once.
  package static func parse(_ text: String) -> Duration? {
    if let seconds = Int64(text), !text.hasPrefix("+") {
      return (0...longest.components.seconds).contains(seconds) ? .seconds(seconds) : nil
    }
    var rest = text[...]
    var units = Self.units[...]
    var total = Duration.zero
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      let name = rest.dropFirst(digits.count).prefix { $0.isASCII && $0.isLetter }
      guard let number = Int64(digits), number <= 1 << 40,
        let index = units.firstIndex(where: { $0.name == name })
      else { return nil }
      total += units[index].length * Int(number)
      units = units[(index + 1)...]
      rest = rest.dropFirst(digits.count + name.count)
    }
    return total <= longest ? total : nil
  }

  private static let units: [(name: String, length: Duration)] = [
    ("d", .seconds(86400)), ("h", .seconds(3600)), ("m", .seconds(60)), ("s", .seconds(1)),
    ("ms", .milliseconds(1)),
  ]
}
