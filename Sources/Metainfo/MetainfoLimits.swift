import Bencode

/// Bounds on what a torrent may hold, so that hostile ones cost little.
public struct MetainfoLimits: Hashable, Sendable {
  /// The size of the .torrent itself, in bytes.
  ///
  /// Large archives have more than the 10 MB that some clients allow; 64 MiB holds every torrent
  /// that the limit on pieces lets by.
  public var bytes = 64 << 20
  /// The number of pieces.
  public var pieces = 0x20_0000
  /// How many folders deep a file may be.
  public var directoryDepth = 100
  /// How many warnings are kept; further ones are dropped.
  public var warnings = 100
  /// The nesting of the bencoded data.
  public var nesting = 100
  /// The number of bencoded values.
  public var values = 3_000_000

  /// Creates the usual limits.
  public init() {}

  /// The bounds of a parse; the list of files, found by these keys, is read from its source.
  func bencode(files: [String]) -> BencodeLimits {
    var limits = BencodeLimits(depth: nesting, tokens: values)
    limits.untaped = files
    return limits
  }
}
