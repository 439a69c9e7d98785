import HTTP
import Primitives

/// The retry policy for a web seed that fails.
struct WebSeedRetry {
  /// The consequence of a failure.
  enum Verdict: Equatable {
    /// Back off for this long.
    case pause(Duration)
    /// The server lacks the file, but other files can still be requested.
    case lacksFile
    /// The server has no range support, so only request whole files from now on.
    case wholeFiles
    /// The server is of no use in this run.
    case giveUp
  }

  private static let firstPause = Duration.seconds(30)
  private static let longestPause = Duration.seconds(600)
  /// The longest delay that a server's Retry-After can impose.
  private static let longestRetryAfter = Duration.seconds(3600)

  private var failures = 0
  private var sendsWholeFiles = false

  /// Records a delivery, which resets the backoff.
  mutating func delivered() {
    failures = 0
  }

  /// Records a failure; pauses grow exponentially until the next delivery.
  mutating func failed(_ error: HTTPError) -> Verdict {
    switch error {
    case .badURL, .leadsElsewhere, .refused: return .giveUp
    case .noRanges:
      if sendsWholeFiles { return .giveUp }
      sendsWholeFiles = true
      return .wholeFiles
    case .status(let status, let wish) where status == 429 || status == 503:
      guard let wish else { return pause() }
      return .pause(min(max(wish, .seconds(1)), Self.longestRetryAfter))
    case .status(let status, _) where status != 408 && (400..<500).contains(status):
      return .lacksFile
    case .wrongLength: return .lacksFile
    default: return pause()
    }
  }

  private mutating func pause() -> Verdict {
    failures = min(failures + 1, 16)
    var pause = Self.firstPause
    for _ in 1..<failures { pause = min(pause * 2, Self.longestPause) }
    return .pause(pause)
  }
}
