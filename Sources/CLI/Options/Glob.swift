/// A pattern for paths: `*`, `?`, `[a-z]`, `[!a-z]`, `**` across folders, and `\` before a character
/// that shall mean itself.
///
/// A pattern without a slash is compared with each name on the way to a file, one with a slash with
/// the path from the top; a pattern that matches a folder matches all that is in it. Paths are bytes,
/// and patterns are compared with what the bytes mean: a character is one Unicode scalar, or one byte
/// where a name is not valid UTF-8. Matching takes time in proportion to the pattern's length times
/// the path's, whatever either holds.
package struct Glob: Hashable, Sendable {
  /// One part of a pattern.
  enum Token: Hashable, Sendable {
    /// This character.
    case character(NameCharacter)
    /// The end of a folder's name.
    case separator
    /// Any one character of a name.
    case one
    /// Any characters of a name.
    case many
    /// Any characters, and ends of names too.
    case any
    /// One character of these ranges, or of none of them.
    case set(ranges: [ClosedRange<NameCharacter>], isNegated: Bool)
  }

  /// The longest pattern read, in bytes.
  package static let maximumLength = 4096

  let tokens: [Token]
  private let hasSlash: Bool

  /// Reads a pattern; nil when it is empty, too long, or ends within `[…]` or after `\`.
  package init?(_ pattern: String) {
    self.init(bytes: pattern.utf8)
  }

  /// Reads a pattern that need not be UTF-8; nil when it is empty, too long, or ends within `[…]` or
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
      // A bracket that closes at once is one of the set's own.
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

  /// Whether a path, given by its components below the torrent's top folder, is meant.
  package func matches(_ path: [String]) -> Bool {
    matches(path.lazy.map(\.utf8))
  }

  /// Whether the pattern matches a path, given by the bytes of its components below the top folder.
  package func matches(_ path: some Sequence<some Collection<UInt8>>) -> Bool {
    var matcher = GlobMatcher(tokens)
    return hasSlash ? matcher.matchesPath(path) : path.contains { matcher.matchesName($0) }
  }
}
