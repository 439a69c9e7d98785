internal import Glibc

extension NetworkError: CustomStringConvertible {
  /// A one-clause description of the failure.
  package var description: String {
    switch self {
    case .timedOut: "the connection attempt timed out"
    case .cancelled: "the attempt was cancelled"
    case .unknownHost(let host): "the host name \(host) cannot be resolved"
    case .system(let call, let code): unsafe "\(call) failed: \(String(cString: strerror(code)))"
    }
  }
}
