/// Why a tracker gave no peers.
package enum TrackerError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The URL's scheme is not one that this client speaks.
  case unsupportedScheme(String)
  /// The URL cannot be used at all.
  case badURL(String)
  /// The tracker could not be asked; the words of the layer below.
  case unreachable(String)
  /// The tracker answered with this HTTP status and no reason.
  case badStatus(Int)
  /// The tracker refused, with its `failure reason`.
  case refused(String)
  /// The answer is not what a tracker sends; the words say what is wrong.
  case badReply(String)

  /// One clause that says what is wrong.
  package var description: String {
    switch self {
    case .unsupportedScheme(let scheme): "tracker scheme \(scheme) is not supported"
    case .badURL(let url): "tracker URL is malformed: \(url)"
    case .unreachable(let words): "tracker cannot be reached: \(words)"
    case .badStatus(let status): "tracker answered with HTTP status \(status)"
    case .refused(let reason): "tracker refused: \(reason)"
    case .badReply(let words): "tracker sent a bad reply: \(words)"
    }
  }
}
