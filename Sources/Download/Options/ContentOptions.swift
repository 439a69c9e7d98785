public import Metainfo

/// The part of a torrent that is fetched or seeded, and the order of its pieces.
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
  /// The run lasts until `Torrent.stop()`, or until a limit on seeding is reached.
  public var seedsOnly = false

  /// Creates the default options.
  public init() {}
}
