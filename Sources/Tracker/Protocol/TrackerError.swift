/// The reason why a request to a tracker failed.
package enum TrackerError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The URL's scheme is not supported.
  case unsupportedScheme(String)
  /// The URL is malformed.
  case badURL(String)
  /// The tracker was unreachable, with an explanation from the layer below.
  case unreachable(String)
  /// The tracker answered with this HTTP status and without a reason.
  case badStatus(Int)
  /// The tracker refused the request with this `failure reason`.
  case refused(String)
  /// The reply is malformed, with an explanation.
  case badReply(String)

  /// A one-clause description of the failure.
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
