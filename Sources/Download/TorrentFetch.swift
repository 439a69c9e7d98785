import HTTP
import Networking

/// A fetch of a .torrent over http or https, for a program without an HTTP client of its own.
package enum TorrentFetch {
  /// The reason why the fetch failed.
  package enum Failure: Error, Equatable, Sendable {
    /// The server reports with this status that the resource does not exist.
    case notFound(status: Int)
    /// The resource exceeds the limit.
    case tooLarge(limit: Int)
    /// The server was unreachable, broke off or refused, with an explanation.
    case failed(String)
  }

  /// Fetches a whole resource.
  ///
  /// - Parameters:
  ///   - url: An http or https URL.
  ///   - limit: The maximum number of bytes.
  ///   - timeout: The time limit for the whole exchange, including redirects.
  /// - Returns: The bytes, or the reason why there are none.
  package static func get(
    _ url: String, limit: Int, timeout: Duration
  ) async -> Result<[UInt8], Failure> {
    var request = HTTPRequest(url: url)
    request.maximumBodyLength = limit
    request.timeout = timeout
    return await withTaskExecutorPreference(Reactor.taskExecutor) { [request] in
      await get(request)
    }
  }

  @Reactor
  private static func get(_ request: HTTPRequest) async -> Result<[UInt8], Failure> {
    do throws(HTTPError) {
      let response = try await Environment.live().http.get(request)
      switch response.status {
      case 200: return .success(response.body)
      case 404, 410: return .failure(.notFound(status: response.status))
      default: return .failure(.failed("the server answered with status \(response.status)"))
      }
    } catch {
      return .failure(failure(error))
    }
  }

  private static func failure(_ error: HTTPError) -> Failure {
    if case .bodyTooLong(let limit) = error { return .tooLarge(limit: limit) }
    return .failed("\(error)")
  }
}
