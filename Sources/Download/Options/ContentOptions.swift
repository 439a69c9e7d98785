public import Metainfo

/// The part of a torrent that is fetched, in which order, or that it is only seeded.
public struct ContentOptions: Sendable {
  /// The selected files; others are not created.
  public var selection = FileSelection.all
  /// A Boolean value indicating whether to request pieces in order rather than rarest first.
  public var isSequential = false
  /// A Boolean value indicating whether to seed the data that is present, and to fetch nothing.
  ///
  /// If pieces are missing, the run is a partial seed; if all are, it fails. The selection has no
  /// effect then, and no file is changed.
  ///
  /// The run lasts until `TorrentDownload.stop()`, or until a limit on seeding is reached.
  public var seedsOnly = false

  /// Creates the default options.
  public init() {}
}
