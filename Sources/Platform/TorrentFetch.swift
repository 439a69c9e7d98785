import Download
import HTTP
import Networking

/// A fetch of a .torrent over http or https, for a program without an HTTP client of its own.
package enum TorrentFetch {
  /// The result of a successful fetch.
  package enum Content: Equatable, Sendable {
    /// The bytes of a resource.
    case bytes([UInt8])
    /// A magnet link to which the server redirects; it is not checked.
    case magnet(String)
  }

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
  /// Indexers answer the URL of a .torrent with a redirect to a magnet link; that is a result too.
  ///
  /// - Parameters:
  ///   - url: An http or https URL.
  ///   - limit: The maximum number of bytes.
  ///   - timeout: The time limit for the whole exchange, including redirects.
  /// - Returns: The bytes or the link, or the reason why there are none.
  package static func get(
    _ url: String, limit: Int, timeout: Duration
  ) async -> Result<Content, Failure> {
    var request = HTTPRequest(url: url)
    request.maximumBodyLength = limit
    request.timeout = timeout
    return await withTaskExecutorPreference(Reactor.taskExecutor) { [request] in
      await get(request)
    }
  }

  @Reactor
  private static func get(_ request: HTTPRequest) async -> Result<Content, Failure> {
    let environment = Environment.live()
    return await get(request, over: environment.http, environment.clock)
  }

  /// Sends the request, and once more whenever the process was stopped before it failed: a server
  /// hangs up on a client that is silent.
  @Reactor
  static func get(
    _ request: HTTPRequest, over http: any HTTPClient, _ clock: any LoopClock
  ) async -> Result<Content, Failure> {
    while true {
      let standstill = clock.standstill
      let result = await attempt(request, http)
      guard case .failure(.failed) = result, clock.standstill - standstill >= patienceOfServers,
        !Task.isCancelled
      else { return result }
    }
  }

  /// A shorter stop makes no server hang up.
  private static let patienceOfServers = Duration.seconds(5)

  @Reactor
  private static func attempt(
    _ request: HTTPRequest, _ http: any HTTPClient
  ) async -> Result<Content, Failure> {
    do throws(HTTPError) {
      let response = try await http.get(request)
      switch response.status {
      case 200: return .success(.bytes(response.body))
      case 404, 410: return .failure(.notFound(status: response.status))
      default: return .failure(.failed("the server answered with status \(response.status)"))
      }
    } catch {
      if case .leadsElsewhere(let url) = error, url.prefix(7).lowercased() == "magnet:" {
        return .success(.magnet(url))
      }
      return .failure(failure(error))
    }
  }

  private static func failure(_ error: HTTPError) -> Failure {
    if case .bodyTooLong(let limit) = error { return .tooLarge(limit: limit) }
    return .failed("\(error)")
  }
}
