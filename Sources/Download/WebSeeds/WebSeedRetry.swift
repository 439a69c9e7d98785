import HTTP
import Primitives

/// What becomes of a web seed that fails: when it is asked again, and for what.
struct WebSeedRetry {
  /// What to do about a failure.
  enum Verdict: Equatable {
    /// Nothing is asked of it for so long.
    case pause(Duration)
    /// It does not have the file: what else it has can still be asked for.
    case lacksFile
    /// It has no ranges, and is asked for whole files from now on.
    case wholeFiles
    /// It is of no use in this run.
    case giveUp
  }

  private static let firstPause = Duration.seconds(30)
  private static let longestPause = Duration.seconds(600)
  /// The longest time for which a server may send us away.
  private static let longestRetryAfter = Duration.seconds(3600)

  private var failures = 0
  private var sendsWholeFiles = false

  /// It has brought something.
  mutating func delivered() {
    failures = 0
  }

  /// It has failed; more pauses follow each other the longer, until it brings something.
  mutating func failed(_ error: HTTPError) -> Verdict {
    switch error {
    case .badURL, .refused: return .giveUp
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
