/// A pattern for paths: `*`, `?`, `[a-z]`, `[!a-z]`, `**` across folders, and `\` before a character
/// that shall mean itself.
///
/// A pattern without a slash is compared with each name on the way to a file, one with a slash with
/// the path from the top; what matches a folder matches all that is in it. Matching takes time in
/// proportion to the pattern's length times the path's, whatever either holds.
package struct Glob: Hashable, Sendable {
  private enum Token: Hashable, Sendable {
    case scalar(Unicode.Scalar)
    /// Any one character of a name.
    case one
    /// Any characters of a name.
    case many
    /// Any characters, slashes too.
    case any
    case set(ranges: [ClosedRange<UInt32>], isNegated: Bool)
  }

  /// The longest pattern read, in scalars.
  package static let maximumLength = 4096

  private let tokens: [Token]
  private let hasSlash: Bool

  /// Reads a pattern; nil when it is empty, too long, or ends within `[…]` or after `\`.
  package init?(_ pattern: String) {
    var pattern = pattern
    // `./name` and `/name` mean the name at the top.
    let isRooted = pattern.hasPrefix("/") || pattern.hasPrefix("./")
    if isRooted { pattern.removeFirst(pattern.hasPrefix("/") ? 1 : 2) }
    if pattern.hasSuffix("/") { pattern.removeLast() }
    let scalars = Array(pattern.unicodeScalars)
    guard !scalars.isEmpty, scalars.count <= Self.maximumLength else { return nil }
    var tokens: [Token] = []
    var index = 0
    while index < scalars.count {
      guard let token = Self.token(scalars, &index) else { return nil }
      tokens.append(token)
    }
    self.tokens = tokens
    hasSlash = isRooted || tokens.contains(.scalar("/")) || tokens.contains(.any)
  }

  private static func token(_ scalars: [Unicode.Scalar], _ index: inout Int) -> Token? {
    defer { index += 1 }
    switch scalars[index] {
    case "?": return .one
    case "*":
      guard index + 1 < scalars.count, scalars[index + 1] == "*" else { return .many }
      index += 1
      return .any
    case "\\":
      index += 1
      return index < scalars.count ? .scalar(scalars[index]) : nil
    case "[": return set(scalars, &index)
    default: return .scalar(scalars[index])
    }
  }

  private static func set(_ scalars: [Unicode.Scalar], _ index: inout Int) -> Token? {
    var position = index + 1
    var ranges: [ClosedRange<UInt32>] = []
    let isNegated =
      position < scalars.count && (scalars[position] == "!" || scalars[position] == "^")
    if isNegated { position += 1 }
    // A bracket that closes at once is one of the set's own.
    while position < scalars.count, ranges.isEmpty || scalars[position] != "]" {
      let low = scalars[position].value
      if position + 2 < scalars.count, scalars[position + 1] == "-", scalars[position + 2] != "]" {
        let high = scalars[position + 2].value
        guard low <= high else { return nil }
        ranges.append(low...high)
        position += 3
      } else {
        ranges.append(low...low)
        position += 1
      }
    }
    guard position < scalars.count else { return nil }
    index = position
    return .set(ranges: ranges, isNegated: isNegated)
  }

  /// Whether a path, given by its components below the torrent's top folder, is meant.
  package func matches(_ path: [String]) -> Bool {
    if !hasSlash { return path.contains { matches(text: Array($0.unicodeScalars)) } }
    return path.indices.contains { last in
      matches(text: Array(path[...last].joined(separator: "/").unicodeScalars))
    }
  }

  /// Compares all of a text, keeping for each place in the pattern whether the text so far can end
  /// there.
  private func matches(text: [Unicode.Scalar]) -> Bool {
    var reached = Array(repeating: false, count: tokens.count + 1)
    reached[0] = true
    skipStars(&reached)
    for scalar in text {
      var next = Array(repeating: false, count: tokens.count + 1)
      for (place, token) in tokens.enumerated() where reached[place] {
        switch token {
        case .many where scalar != "/", .any: next[place] = true
        case .many: break
        default: if Self.matches(token, scalar) { next[place + 1] = true }
        }
      }
      skipStars(&next)
      reached = next
    }
    return reached[tokens.count]
  }

  /// A star may stand for nothing, and `**/` for no folder at all.
  private func skipStars(_ reached: inout [Bool]) {
    for (place, token) in tokens.enumerated() where reached[place] {
      guard token == .many || token == .any else { continue }
      reached[place + 1] = true
      if token == .any, place + 1 < tokens.count, tokens[place + 1] == .scalar("/"),
        place == 0 || tokens[place - 1] == .scalar("/")
      {
        reached[place + 2] = true
      }
    }
  }

  private static func matches(_ token: Token, _ scalar: Unicode.Scalar) -> Bool {
    switch token {
    case .scalar(let own): own == scalar
    case .one: scalar != "/"
    case .set(let ranges, let isNegated):
      scalar != "/" && ranges.contains { $0.contains(scalar.value) } != isNegated
    case .many, .any: false
    }
  }
}
