/// The deadlines of a download.
///
/// Each of them ends the run with its own error, after the verified data was saved. All of them
/// concern getting the data; none applies to a run that seeds. A deadline of zero or nil never
/// expires.
public struct DownloadDeadlines: Sendable, Equatable {
  /// The time limit for the whole run, from its start to the last verified byte.
  public var total: Duration?
  /// The longest time without useful payload, that is, requested blocks that were still missing.
  public var stall: Duration? = .seconds(30 * 60)
  /// The longest time without a connected peer, since the start or since the last one was lost.
  public var peers: Duration? = .seconds(5 * 60)
  /// The time limit for fetching the metadata of a magnet link.
  public var metadata: Duration? = .seconds(5 * 60)
  /// The lowest acceptable speed.
  public var minimumSpeed: SpeedFloor?

  /// Creates the default deadlines.
  public init() {}
}

/// A minimum average rate of useful payload over a time window.
public struct SpeedFloor: Sendable, Equatable {
  /// The minimum average in bytes per second.
  public var bytesPerSecond: Int
  /// The length of the window; the run is not judged before it has passed once.
  public var duration: Duration

  /// Creates a speed floor.
  public init(bytesPerSecond: Int, duration: Duration) {
    self.bytesPerSecond = bytesPerSecond
    self.duration = duration
  }
}
