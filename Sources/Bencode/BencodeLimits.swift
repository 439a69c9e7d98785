/// Bounds on what a parser accepts, so that hostile input costs little.
public struct BencodeLimits: Hashable, Sendable {
  /// How deeply lists and dictionaries may be nested.
  public var depth: Int
  /// How many values and keys the input may hold in all.
  public var tokens: Int
  /// How many warnings are kept; further ones are dropped.
  public var warnings: Int

  /// Creates limits.
  public init(depth: Int = 100, tokens: Int = 3_000_000, warnings: Int = 32) {
    self.depth = depth
    self.tokens = tokens
    self.warnings = warnings
  }

  /// What suits .torrent files.
  public static let `default` = BencodeLimits()
}
