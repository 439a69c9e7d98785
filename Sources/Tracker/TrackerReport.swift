public import Primitives

/// What became of an announce, for people.
public struct TrackerReport: Sendable, Equatable {
  /// Where a tracker stands.
  public enum State: Sendable, Equatable {
    /// It is being asked.
    case announcing
    /// It answered with so many peers, and is asked again after `next`.
    case working(peers: Int, seeders: Int?, leechers: Int?, next: Duration)
    /// It did not answer, or refused; the words say why.
    case failed(String)
  }

  /// The tracker's URL without credentials, query and passkey.
  public var url: String
  /// Where it stands.
  public var state: State
  /// What it wants the user to know.
  public var warning: String?
  /// A description of the unusable part of its answer; the rest was used.
  public var defect: String?
  /// When it is asked again, as seen from now; nil when that is not known.
  public var nextAnnounce: Duration?
  /// Our own address, as the tracker sees it (BEP 24).
  public var externalAddress: IPAddress?

  /// Whether it answered when it was last asked.
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
