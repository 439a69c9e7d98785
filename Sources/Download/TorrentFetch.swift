import HTTP
import Networking

/// Fetches a .torrent over http or https, for a program that has no HTTP of its own.
package enum TorrentFetch {
  /// Why there are no bytes.
  package enum Failure: Error, Equatable, Sendable {
    /// The server says that there is nothing, with this status.
    case notFound(status: Int)
    /// There are more bytes than are taken.
    case tooLarge(limit: Int)
    /// The server could not be reached, broke off, or refused; in words.
    case failed(String)
  }

  /// Fetches all of a resource.
  ///
  /// - Parameters:
  ///   - url: An http or https URL.
  ///   - limit: The most bytes taken.
  ///   - timeout: The bound on the whole exchange, redirects included.
  /// - Returns: The bytes, or why there are none.
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
