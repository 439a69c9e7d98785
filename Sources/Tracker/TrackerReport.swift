public import Primitives

/// The outcome of an announce, for display.
public struct TrackerReport: Sendable, Equatable {
  /// The state of a tracker.
  public enum State: Sendable, Equatable {
    /// An announce is in progress.
    case announcing
    /// It answered with this number of peers; the next announce follows after `next`.
    case working(peers: Int, seeders: Int?, leechers: Int?, next: Duration)
    /// It did not answer or it refused, with an explanation.
    case failed(String)
  }

  /// The tracker's URL without credentials, query and passkey.
  public var url: String
  /// The tracker's state.
  public var state: State
  /// A message from the tracker to the user.
  public var warning: String?
  /// A description of the unusable part of the reply; the rest was used.
  public var defect: String?
  /// The time until the next announce, if it is known.
  public var nextAnnounce: Duration?
  /// Our own address as the tracker sees it (BEP 24).
  public var externalAddress: IPAddress?

  /// A Boolean value indicating whether the latest announce was answered.
  public var isWorking: Bool {
    if case .working = state { true } else { false }
  }

  /// Creates a report.
  public init(url: String, state: State, warning: String? = nil) {
    self.url = url
    self.state = state
    self.warning = warning
    if case .working(_, _, _, let next) = state { nextAnnounce = next }
  }
}
