/// A pattern for paths: `*`, `?`, `[a-z]`, `[!a-z]`, `**` across folders, and `\` before a
/// character that stands for itself.
///
/// A pattern without a slash is compared with each name on the way to a file, one with a slash with
/// the path from the top. A pattern that matches a folder matches everything in it.
///
/// Paths are bytes, and patterns are compared with the characters that they encode. A character is
/// one Unicode scalar, or one byte where a name is not valid UTF-8. The time for a match is bounded
/// by the pattern's length times the path's.
package struct Glob: Hashable, Sendable {
  /// One part of a pattern.
  enum Token: Hashable, Sendable {
    /// This very character.
    case character(NameCharacter)
    /// The separator after a folder's name.
    case separator
    /// Any single character of a name.
    case one
    /// Any number of characters of a name.
    case many
    /// Any number of characters and separators.
    case any
    /// A single character inside these ranges, or outside all of them.
    case set(ranges: [ClosedRange<NameCharacter>], isNegated: Bool)
  }

  /// The maximum length of a pattern, in bytes.
  package static let maximumLength = 4096

  let tokens: [Token]
  private let hasSlash: Bool

  /// Parses a pattern; nil if it is empty, too long, or ends within `[…]` or after `\`.
  package init?(_ pattern: String) {
    self.init(bytes: pattern.utf8)
  }

  /// Parses a pattern that need not be UTF-8; nil if it is empty, too long, or ends within `[…]` or
  /// after `\`.
  package init?(bytes: some Collection<UInt8>) {
    guard bytes.count <= Self.maximumLength else { return nil }
    var pattern = NameCharacter.all(of: bytes)[...]
    // `./name` and `/name` mean the name at the top.
    let isRooted = pattern.first == "/" || pattern.starts(with: [".", "/"])
    if isRooted { pattern = pattern.dropFirst(pattern.first == "/" ? 1 : 2) }
    if pattern.last == "/" { pattern.removeLast() }
    guard !pattern.isEmpty else { return nil }
    var tokens: [Token] = []
    while !pattern.isEmpty {
      guard let token = Self.token(&pattern) else { return nil }
      tokens.append(token)
    }
    self.tokens = tokens
    hasSlash = isRooted || tokens.contains(.separator) || tokens.contains(.any)
  }

  private static func token(_ pattern: inout ArraySlice<NameCharacter>) -> Token? {
    switch pattern.popFirst() {
    case nil: return nil
    case "?": return .one
    case "/": return .separator
    case "*":
      guard pattern.first == "*" else { return .many }
      pattern.removeFirst()
      return .any
    case "\\": return pattern.popFirst().map { .character($0) }
    case "[": return set(&pattern)
    case let character?: return .character(character)
    }
  }

  private static func set(_ pattern: inout ArraySlice<NameCharacter>) -> Token? {
    var ranges: [ClosedRange<NameCharacter>] = []
    let isNegated = pattern.first == "!" || pattern.first == "^"
    if isNegated { pattern.removeFirst() }
    while let low = pattern.popFirst() {
      // A bracket at the start of the set is one of its characters.
      if low == "]", !ranges.isEmpty { return .set(ranges: ranges, isNegated: isNegated) }
      guard pattern.first == "-", let high = pattern.dropFirst().first, high != "]" else {
        ranges.append(low...low)
        continue
      }
      guard low <= high else { return nil }
      ranges.append(low...high)
      pattern = pattern.dropFirst(2)
    }
    return nil
  }

  // MARK: - Matching

  /// Returns whether the pattern matches a path, given as bytes of the components below the top
  /// folder.
  package func matches(_ path: some Sequence<some Collection<UInt8>>) -> Bool {
    var matcher = GlobMatcher(tokens)
    return hasSlash ? matcher.matchesPath(path) : path.contains { matcher.matchesName($0) }
  }
}
