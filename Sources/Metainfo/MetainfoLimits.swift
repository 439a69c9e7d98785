import Bencode

/// Limits on the contents of a torrent, which bound the cost of hostile ones.
public struct MetainfoLimits: Hashable, Sendable {
  /// The maximum size of the .torrent itself, in bytes.
  ///
  /// Large archives exceed the 10 MB that some clients allow. 64 MiB suffices for every torrent
  /// within the limit on pieces.
  public var bytes = 64 << 20
  /// The maximum number of pieces.
  public var pieces = 0x20_0000
  /// The maximum depth of a file's folders.
  public var directoryDepth = 100
  /// The maximum number of warnings; further ones are dropped.
  public var warnings = 100
  /// The maximum nesting of the bencoded data.
  public var nesting = 100
  /// The maximum number of bencoded values.
  public var values = 3_000_000

  /// Creates the default limits.
  public init() {}

  /// Returns the limits of a parse, in which the list of files, at these keys, is left to
  /// `FileListReader`.
  func bencode(files: [String]) -> BencodeLimits {
    var limits = BencodeLimits(depth: nesting, tokens: values)
    limits.untaped = files
    return limits
  }
}
