/// Limits that bound the cost of parsing hostile input.
public struct BencodeLimits: Hashable, Sendable {
  /// The maximum nesting depth of lists and dictionaries.
  public var depth: Int
  /// The maximum total number of values and keys.
  public var tokens: Int
  /// The maximum number of warnings kept; further ones are dropped.
  public var warnings: Int

  /// The keys that lead to a list whose elements are checked, but not kept; empty for none.
  ///
  /// Their number does not matter to memory then, and whoever wants them reads the list's source.
  public var untaped: [String] = []

  /// Creates limits.
  public init(depth: Int = 100, tokens: Int = 3_000_000, warnings: Int = 32) {
    self.depth = depth
    self.tokens = tokens
    self.warnings = warnings
  }

  /// The limits for .torrent files.
  public static let `default` = BencodeLimits()
}
