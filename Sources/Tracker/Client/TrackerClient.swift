package import HTTP
internal import Primitives

/// Asks HTTP trackers (BEP 3, BEP 48), one request and one answer at a time.
package struct TrackerClient: Sendable {
  /// The largest reply read, in bytes.
  package static let maximumReplyLength = 1 << 20

  private let http: any HTTPClient

  /// Creates a client that asks through `http`.
  package init(http: any HTTPClient) {
    self.http = http
  }

  /// Announces.
  ///
  /// - Parameters:
  ///   - request: What is said.
  ///   - tracker: To whom.
  ///   - timeout: The bound on the whole exchange.
  /// - Throws: Why there is no useful answer.
  /// - Returns: The answer.
  package func announce(
    _ request: AnnounceRequest, to tracker: TrackerURL, timeout: Duration = .seconds(30)
  ) async throws(TrackerError) -> AnnounceReply {
    let response = try await get(tracker, query: request.query, timeout: timeout)
    do throws(TrackerError) {
      return try AnnounceReply(parsing: response.body)
    } catch {
      throw Self.reason(of: error, status: response.status)
    }
  }

  /// Asks for the size of swarms.
  ///
  /// - Parameters:
  ///   - request: Which ones.
  ///   - tracker: The tracker's announce URL.
  ///   - timeout: The bound on the whole exchange.
  /// - Throws: Why there is no useful answer.
  /// - Returns: The answer.
  package func scrape(
    _ request: ScrapeRequest, of tracker: TrackerURL, timeout: Duration = .seconds(30)
  ) async throws(TrackerError) -> ScrapeReply {
    guard let url = tracker.scrape else { throw .badURL(tracker.display) }
    let response = try await get(url, query: request.query, timeout: timeout)
    do throws(TrackerError) {
      return try ScrapeReply(parsing: response.body)
    } catch {
      throw Self.reason(of: error, status: response.status)
    }
  }

  private func get(
    _ tracker: TrackerURL, query: String, timeout: Duration
  ) async throws(TrackerError) -> HTTPResponse {
    guard tracker.isSupported else { throw .unsupportedScheme(tracker.scheme) }
    var request = HTTPRequest(url: tracker.appending(query: query))
    request.timeout = timeout
    request.maximumBodyLength = Self.maximumReplyLength
    do throws(HTTPError) {
      return try await http.get(request)
    } catch {
      throw .unreachable(Self.words(for: error))
    }
  }

  /// A reply that makes no sense is explained by its status, if that is not 200.
  private static func reason(of error: TrackerError, status: Int) -> TrackerError {
    if case .badReply = error, status != 200 { .badStatus(status) } else { error }
  }

  private static func words(for error: HTTPError) -> String {
    switch error {
    case .badURL: "the URL is malformed"
    case .timedOut: "it did not answer in time"
    case .cancelled: "the request was cancelled"
    case .bodyTooLong(let limit): "the reply is longer than \(limit) bytes"
    case .tooManyRedirects(let limit): "more than \(limit) redirects"
    case .tls(let words): "TLS: " + Printable.text(words.utf8)
    case .failed(let words): Printable.text(words.utf8)
    }
  }
}

extension TrackerURL {
  /// Whether this client speaks the scheme.
  package var isSupported: Bool { scheme == "http" || scheme == "https" }
}
