public import Storage

/// The place and the form of a torrent's files.
public struct OutputOptions: Sendable {
  /// The output folder; nothing is written outside it.
  public var folder = "."
  /// A Boolean value indicating whether existing files that are not ours may be changed.
  public var overwrite = false
  /// A Boolean value indicating whether a multi-file torrent goes directly into the output folder,
  /// without a folder of its own.
  public var isFlat = false
  /// The way in which disk space is allocated.
  public var preallocation = Preallocation.automatic
  /// A Boolean value indicating whether to hash existing data even if the saved state vouches for
  /// it.
  public var checksEverything = false
  /// A Boolean value indicating whether to flush the data to disk before the run ends.
  public var synchronizes = false

  /// Creates the default options.
  public init() {}
}
