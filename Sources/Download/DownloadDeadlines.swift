/// How long a download may take, and how long it may go without what it needs.
///
/// Each of them ends the run with an error of its own, after what is verified was saved. All of them
/// are about getting the data: none concerns a run that serves. A duration of zero, or none, means
/// never.
public struct DownloadDeadlines: Sendable, Equatable {
  /// The bound on the whole run, from its start to the last verified byte.
  public var total: Duration?
  /// How long no useful payload may come: blocks that were asked for and not there yet.
  public var stall: Duration? = .seconds(30 * 60)
  /// How long no peer may be connected, from the start or since the last one was lost.
  public var peers: Duration? = .seconds(5 * 60)
  /// How long the search for the metadata of a magnet link may take.
  public var metadata: Duration? = .seconds(5 * 60)
  /// How slow the run may be.
  public var minimumSpeed: SpeedFloor?

  /// The defaults.
  public init() {}
}

/// The least average of useful payload over a stretch of time, whatever keeps it from coming.
public struct SpeedFloor: Sendable, Equatable {
  /// The least average, in bytes per second.
  public var bytesPerSecond: Int
  /// Over how long it is taken; the run is not judged before so much time has passed.
  public var duration: Duration

  /// Creates a floor.
  public init(bytesPerSecond: Int, duration: Duration) {
    self.bytesPerSecond = bytesPerSecond
    self.duration = duration
  }
}
