/// The time for which a torrent runs: deadlines of the download, and the end of seeding.
public struct LimitOptions: Sendable {
  /// The deadlines of the download.
  public var deadlines = DownloadDeadlines()
  /// The share ratio up to which to seed after the download; a partial seed's ratio counts the data
  /// that is present.
  ///
  /// A run with neither this nor `seedTime` ends with the download. With both, it ends at whichever
  /// is reached first. Data that was complete before the run is not seeded.
  public var seedRatio: Double?
  /// The time for which to seed after the download.
  public var seedTime: Duration?

  /// Creates the default options.
  public init() {}
}
