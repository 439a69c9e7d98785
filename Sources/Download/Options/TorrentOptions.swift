import Storage

/// The options of one torrent, in groups.
public struct TorrentOptions: Sendable {
  /// The part of the torrent to fetch, or to seed.
  public var content = ContentOptions()
  /// The places that the data comes from.
  public var sources = SourceOptions()
  /// The place that the data goes to.
  public var output = OutputOptions()
  /// The limits on time and on seeding.
  public var limits = LimitOptions()
  /// The number of outstanding requests per peer; nil adapts it to the peer's rate.
  public var pipeline: Int?

  /// Creates the default options.
  public init() {}

  /// The options that concern files.
  var storage: StorageOptions {
    var storage = StorageOptions()
    storage.overwrite = output.overwrite
    storage.selection = content.selection
    storage.isFlat = output.isFlat
    storage.preallocation = output.preallocation
    storage.fsync = output.synchronizes
    return storage
  }
}
